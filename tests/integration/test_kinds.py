"""The kinds of jobs on a company: papers and lists show what who asks may read, and all of that."""

import csv
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from jinja2 import DictLoader
from pypdf import PdfReader

from domain.actor import Actor
from domain.directory.commands import AddPerson, IssueToken
from infra.stack import MariaDBServer
from infra.tokens import new_token
from tests.builders import AT
from tests.integration.api_world import World, a_company
from workers.kinds import KINDS, paper, pdf, presses
from workers.kinds.base import FailedForGoodError, Made, Work
from workers.kinds.export import PAGE
from workers.kinds.presses import Bounds, Presses

HOSTILE = (
    '<img src="http://127.0.0.1:{port}/x"> <style>*{{}}</style> </td> {{{{ 7 * 7 }}}} {{% raw %}}'
)
JAPANESE = "新しい事務所のための机と椅子"
ARABIC = "مكاتب جديدة للمكتب"


@pytest.fixture(scope="module")
def company(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, tmp_path_factory.mktemp("redis"), "kinds") as world:
        yield world
    paper.presses().close()


class Job:
    """Runs a kind as the worker does, and remembers what it told."""

    def __init__(self, company: World, folder: Path) -> None:
        self.company, self.folder = company, folder
        self.told: list[tuple[int, int]] = []

    def work(self, by: str, **parameters: str) -> Work:
        parts = self.company.parts
        actor = parts.access.actor(by)
        assert actor is not None
        return Work(
            actor=actor,
            parameters=parameters,
            new_folder=lambda: self.folder,
            at=AT,
            history=parts.history,
            queries=parts.queries,
            access=parts.access,
            progress=lambda done, total: self.told.append((done, total)),
        )

    def run(self, kind: str, by: str, **parameters: str) -> Made:
        made = KINDS[kind](self.work(by, **parameters))
        assert made is not None
        return made

    def paper(self, document: str, by: str = "ann", of: str = "purchase") -> PdfReader:
        made = self.run("pdf", by, document=document)
        assert made.media_type == "application/pdf"
        assert made.name == f"{of}-{document[:8]}.pdf"
        return PdfReader(made.path)

    def records(self, by: str, **narrowed: str) -> list[dict[str, str]]:
        made = self.run("export", by, format="csv", **narrowed)
        with made.path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, strict=True))


@pytest.fixture
def job(company: World, tmp_path: Path) -> Job:
    return Job(company, tmp_path)


def text_of(reader: PdfReader) -> str:
    """Return the paper's text on one line."""
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def fonts_of(reader: PdfReader) -> set[str]:
    """Return the names of the fonts that are embedded."""
    found: set[str] = set()
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            (descendant,) = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor), "the font is not embedded"
            found.add(str(descendant.get_object()["/BaseFont"]))
    return found


def decided(company: World, **values: object) -> str:
    """Ann asks, mia approves, fay approves with a comment, fin has ordered it."""
    document = company.pending(**values)
    for by, body in (("mia", {}), ("fay", {"comment": "within the budget"})):
        revision = company.revision(document)
        company.do(
            "POST", f"/v1/documents/{document}/approve", by=by, body={"revision": revision, **body}
        )
    company.do("POST", f"/v1/documents/{document}/milestones/ordered", by="fin")
    company.do("POST", f"/v1/documents/{document}/comments", by="ann", body={"text": "thanks"})
    return document


def test_a_paper_tells_the_whole_record_and_where_the_log_has_it(company: World, job: Job) -> None:
    document = decided(company, title="Forty chairs", pieces=-1234, share="0.50")
    text = text_of(job.paper(document))
    row = company.shown(document)
    version = company.ok("GET", "/v1/definitions/purchase", by="root")
    for expected in (
        "Purchase: Forty chairs Approved",
        document,
        row["revision"],
        version["content_hash"],
        "Forty chairs",
        "1 200.00 EUR",
        "\u22121 234",
        "within the budget",
        "Decision of Mia mia (mia is the manager of ann)",
        "Decision of the role Finance",
        "Approved by Fay fay, ",
        "1. Lead: approved",
        "the definition names the role finance",
        "thanks",
        "awaited from the role Finance",
        f"Document {document}, as of version {row['version']}",
        "page 1 of 2",
        "Made 23 November 2026, 10:00:00 UTC for Ann (ann)",
    ):
        assert expected in text, expected
    events = company.ok("GET", f"/v1/documents/{document}/events", by="ann")["items"]
    for event in events:
        line = f"{event['version']} {event['position']} {event['meta']['effective_at'][:10]}"
        assert line in text.replace("\u2007", ""), line
    assert len(events) == row["version"]


def test_a_draft_has_a_paper_too_and_so_has_a_discarded_one(company: World, job: Job) -> None:
    document = company.draft(title="Only a draft")
    assert "Purchase: Only a draft Draft: not submitted" in text_of(job.paper(document))
    company.do("POST", f"/v1/documents/{document}/discard", by="ann")
    assert "Purchase: Only a draft Discarded by its requester" in text_of(job.paper(document))


def test_values_read_as_people_read_them_and_people_have_names(company: World, job: Job) -> None:
    token = new_token()
    company.as_system(AddPerson("hana", "田中 美咲"))
    company.as_system(IssueToken("hana", token=token.token, token_hash=token.token_hash))
    company.secrets["hana"] = token.secret
    company.pump()
    fields = [
        {"name": "cost_centre", "kind": "choice", "choices": ["office_supplies"]},
        {"name": "deputy", "kind": "person", "label": "Stands in"},
        {"name": "subject", "kind": "text"},
    ]
    steps = [{"name": "line_manager", "approver": {"role": "cost_control"}}]
    body = {"definition": "leave_of_absence", "fields": fields, "steps": steps}
    company.do("POST", "/v1/definitions", by="root", body=body)
    values = {"cost_centre": "office_supplies", "deputy": "mia", "subject": "Two\nweeks"}
    made = {"definition": "leave_of_absence", "values": values}
    document = company.do("POST", "/v1/documents", by="hana", body=made)["document"]
    text = text_of(job.paper(document, "hana", "leave_of_absence"))
    for expected in (
        "Leave of absence: Two Draft",
        "Requester 田中 美咲 hana",
        "Cost centre Office supplies",
        "Stands in Mia mia",
        " 田中 美咲 (hana): created",
    ):
        assert expected in text, expected
    # Before Japanese a tab is as wide as it should be only at the end of an element.
    assert "\t</span>田中" in (job.folder / "record.html").read_text(encoding="utf-8")


def test_a_rejected_round_stays_on_the_paper(company: World, job: Job) -> None:
    document = company.pending()
    body = {"revision": company.revision(document), "reason": "two more offers please"}
    company.do("POST", f"/v1/documents/{document}/reject", by="mia", body=body)
    company.do("PATCH", f"/v1/documents/{document}", by="ann", body={"values": {"pieces": 7}})
    company.do("POST", f"/v1/documents/{document}/submit", by="ann")
    text = text_of(job.paper(document, by="mia"))
    for expected in ("Round 1: returned", "two more offers please", "Round 2: pending", "Waits"):
        assert expected in text, expected
    assert "revised: Pieces = 7" in text


@pytest.mark.parametrize(
    ("by", "may"),
    [("ann", True), ("mia", True), ("ivy", True), ("root", True), ("bob", False), ("fin", False)],
)
def test_a_paper_is_for_who_may_read_the_document(
    company: World, job: Job, by: str, may: bool
) -> None:
    document = company.pending()
    if may:
        assert document in text_of(job.paper(document, by))
    else:
        with pytest.raises(FailedForGoodError, match=f"{by} may not read"):
            job.paper(document, by)


def test_what_is_no_document_is_refused(company: World, job: Job) -> None:
    with pytest.raises(FailedForGoodError, match="`document` must be"):
        job.run("pdf", "ann", document="../../etc/passwd")
    with pytest.raises(FailedForGoodError, match="may not read"):
        job.run("pdf", "ann", document=str(uuid4()))
    with pytest.raises(LookupError, match="the log does not show"):
        job.run("pdf", "root", document=str(uuid4()))


def test_hostile_values_are_text_and_nothing_is_fetched(
    company: World, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, caplog.at_level(logging.INFO):
        listener.settimeout(0)
        hostile = HOSTILE.format(port=listener.getsockname()[1])
        document = company.draft(title=hostile)
        company.do("POST", f"/v1/documents/{document}/comments", by="ann", body={"text": hostile})
        text = text_of(job.paper(document)).replace(" ", "")
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert text.count(hostile.replace(" ", "")) >= 2
    assert not [
        each
        for each in caplog.records
        if each.name == presses.__name__ and each.levelno >= logging.WARNING
    ]


def test_a_template_that_names_a_url_gets_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x.png"
        sources = (
            f"<img src='{url}'><img src='file:///etc/passwd'><link rel=stylesheet href='{url}'>here"
        )
        use_template(monkeypatch, sources)
        paper.make_pages("record.html", {}, tmp_path / "made.pdf")
        with pytest.raises(BlockingIOError):
            listener.accept()
    reader = PdfReader(tmp_path / "made.pdf")
    assert text_of(reader) == "here"
    assert not reader.pages[0].images


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("one\n{{ nothing.of_this }}", r"record\.html fails at line 2 \(UndefinedError\)"),
        ("one\n\n{% if %}", r"record\.html fails at line 3 \(TemplateSyntaxError\)"),
        ("{{ 1 / 0 }}", r"record\.html fails at line 1 \(ZeroDivisionError\)"),
    ],
)
def test_a_template_that_fails_says_where(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, told: str
) -> None:
    use_template(monkeypatch, source)
    with pytest.raises(FailedForGoodError, match=told):
        paper.make_pages("record.html", {}, tmp_path / "made.pdf")


def use_template(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    environment = paper.templates().overlay(loader=DictLoader({"record.html": source}))
    monkeypatch.setattr(paper, "templates", lambda: environment)


def test_every_script_has_its_glyphs_in_the_file(company: World, job: Job) -> None:
    reader = job.paper(company.draft(title=f"Desks {JAPANESE} {ARABIC}"))
    fonts = " ".join(fonts_of(reader))
    for script in ("Noto-Sans-CJK", "Noto-Sans-Arabic", "Noto-Sans "):
        assert script in f"{fonts} ", fonts
    assert JAPANESE in text_of(reader)


def test_a_word_without_end_breaks(company: World, job: Job) -> None:
    reader = job.paper(company.draft(title="x" * 1_000))
    assert "x" * 1_000 in text_of(reader).replace(" ", "")


def test_two_thousand_lines_are_all_on_paper(company: World, job: Job) -> None:
    lines = "\n".join(f"line {number}" for number in range(1_000))
    document = company.draft(title=lines)
    body = {"text": lines.replace("line", "note")}
    company.do("POST", f"/v1/documents/{document}/comments", by="ann", body=body)
    text = text_of(job.paper(document)) + " "
    for number in range(1_000):
        assert f"line {number} " in text
        assert f"note {number} " in text


def test_a_document_beyond_all_measure_is_refused_before_any_page_is_made(
    company: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = company.draft()
    company.do(
        "POST", f"/v1/documents/{document}/comments", by="ann", body={"text": "a\n" * 40 + "b"}
    )
    monkeypatch.setattr(pdf, "MOST_LINES", 40)
    monkeypatch.setattr(pdf, "make_pages", None)
    with pytest.raises(FailedForGoodError, match=r"would fill some \d+ lines.*at most 40"):
        job.paper(document)


@pytest.mark.parametrize("end", ["\r", "\r\n", "\u2028", "\u2029", "\x85", "\v", "\f"])
def test_whatever_ends_a_line_counts_as_one(
    company: World, job: Job, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    document = company.draft()
    company.do(
        "POST", f"/v1/documents/{document}/comments", by="ann", body={"text": f"a{end}" * 40 + "b"}
    )
    monkeypatch.setattr(pdf, "MOST_LINES", 40)
    with pytest.raises(FailedForGoodError, match="would fill some"):
        job.paper(document)


def test_letters_of_both_directions_without_a_space_take_no_time(
    company: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = company.draft()
    text = "a\u05d0" * 5_000
    company.do("POST", f"/v1/documents/{document}/comments", by="ann", body={"text": text})
    with closing(Presses(Bounds(cpu_s=6))) as quick:
        monkeypatch.setattr(paper, "presses", lambda: quick)
        assert len(job.paper(document).pages) >= 3


# ---- the list


def test_a_list_has_every_document_that_who_asks_may_read_and_no_other(
    company: World, job: Job
) -> None:
    mine = {company.pending("ann"), company.draft("ann")}
    others = {company.draft("bob")}
    listed = {by: {row["document"] for row in job.records(by)} for by in ("ann", "bob", "ivy")}
    assert mine <= listed["ann"]
    assert not listed["ann"] & others
    assert others <= listed["bob"]
    assert not listed["bob"] & mine
    assert mine | others <= listed["ivy"]


def test_the_rows_are_what_the_api_shows(company: World, job: Job) -> None:
    document = company.pending(title="=cmd|' /C calc'!A0", share="-0.50", pieces=7)
    row = company.shown(document)
    (found,) = [each for each in job.records("ann") if each["document"] == document]
    assert found == {
        **{name: str(row[name]) for name in ("document", "definition", "definition_version")},
        **{name: row[name] for name in ("requester", "status", "created_at", "changed_at")},
        "waiting": ", ".join(row["waiting"]),
        "round": "1",
        "title": "'=cmd|' /C calc'!A0",
        "amount.amount": "1200.00",
        "amount.currency": "EUR",
        "share": "-0.50",
        "pieces": "7",
    }


def test_a_list_can_be_narrowed(company: World, job: Job) -> None:
    draft, pending = company.draft("fay"), company.pending("ann")
    drafts = {row["document"] for row in job.records("root", status="draft")}
    assert draft in drafts
    assert pending not in drafts
    assert job.records("root", definition="unheard_of") == []
    made = job.run("export", "root", format="csv", definition="purchase", status="draft")
    assert made.name == "documents-purchase-draft-2026-11-23.csv"
    assert made.media_type == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({}, "format"),
        ({"format": "pdf"}, "format"),
        ({"format": "csv", "status": "gone"}, "status"),
        ({"format": "csv", "definition": "../x"}, "definition"),
    ],
)
def test_a_wrong_parameter_is_named(job: Job, parameters: Mapping[str, str], named: str) -> None:
    with pytest.raises(FailedForGoodError, match=f"`{named}`"):
        job.run("export", "ann", **parameters)


def test_pages_miss_and_double_nothing(
    company: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two pages one more document is made, and one that is still to come changes."""
    monkeypatch.setattr("workers.kinds.export.PAGE", 2)
    first = [company.draft("fin", title=f"number {number}") for number in range(7)]
    readable = company.parts.queries.documents.readable
    pages = 0

    def meanwhile(*asked: Any) -> Any:
        nonlocal pages
        page = readable(*asked)
        pages += 1
        company.draft("fin", title="too late")
        body = {"values": {"title": f"changed {pages}"}}
        company.do("PATCH", f"/v1/documents/{first[0]}", by="fin", body=body)
        return page

    documents = Meanwhile(meanwhile)
    work = replace(job.work("fin", format="csv"), queries=Queries(documents, company))
    made = KINDS["export"](work)
    assert made is not None
    with made.path.open(encoding="utf-8-sig", newline="") as file:
        listed = [row["document"] for row in csv.DictReader(file)]
    assert pages >= 4
    assert [each for each in listed if each in first] == first[::-1]
    assert len(listed) == len(set(listed))


class Meanwhile:
    """The questions about documents, with something that happens after each."""

    def __init__(self, readable: Any) -> None:
        self.readable = readable


class Queries:
    """As much of the questions as an export asks."""

    def __init__(self, documents: Meanwhile, company: World) -> None:
        self.documents, self.definitions = documents, company.parts.queries.definitions


def test_progress_says_how_many_are_found_then_how_many_are_written(
    company: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.kinds.export.PAGE", 3)
    for _ in range(4):
        company.draft("mia")
    count = len(job.records("mia"))
    assert count >= 4
    assert job.told[0] == (0, 3)
    assert (0, count) in job.told
    assert job.told[-1] == (count, count)
    assert [done for done, _ in job.told] == sorted(done for done, _ in job.told)
    assert PAGE > 3


def test_a_workbook_holds_the_same_documents(company: World, job: Job) -> None:
    document = company.pending(title="=1+1")
    made = job.run("export", "ann", format="xlsx")
    assert made.media_type.startswith("application/vnd.openxmlformats-officedocument.")
    book = openpyxl.load_workbook(made.path, read_only=True)
    header, *rows = book["Documents"].iter_rows(values_only=True)
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert set(cells) == {row["document"] for row in job.records("ann")}
    found = cells[document]
    assert (found["title"], found["amount"], found["amount, currency"]) == ("=1+1", 1200, "EUR")
    assert f"{found['Created (UTC)']:%Y-%m-%d}" == company.shown(document)["created_at"][:10]
    book.close()


def test_a_sheet_that_would_be_too_long_is_refused(
    company: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.draft("ann")
    company.draft("ann")
    monkeypatch.setattr("workers.kinds.export.MOST_ROWS", 1)
    with pytest.raises(FailedForGoodError, match=r"at most 1 documents.*ask for csv"):
        job.run("export", "ann", format="xlsx")
    assert len(job.records("ann")) > 1


def test_who_has_nothing_gets_a_header(company: World, job: Job) -> None:
    company.add_person("newcomer")
    company.pump()
    made = job.run("export", "newcomer", format="csv")
    (line,) = made.path.read_text(encoding="utf-8-sig").splitlines()
    assert line.startswith("document,definition,")
    assert job.told == [(0, 0)]


def test_the_actor_of_a_job_is_who_they_are_today(company: World, job: Job) -> None:
    """Roles come with the actor: the same person without them reads less."""
    work = job.work("ivy", document=company.pending(), format="csv")
    assert KINDS["pdf"](work) is not None
    dismissed = replace(work, actor=Actor("ivy"))
    with pytest.raises(FailedForGoodError, match="may not read"):
        KINDS["pdf"](dismissed)
    KINDS["export"](dismissed)
    assert job.told[-1] == (0, 0)
