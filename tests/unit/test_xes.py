"""Reading logs: what they say, and what is refused with its place."""

import gzip
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice

import pytest

from infra.importing import xes as reader
from infra.importing.cases import Case, LoggedEvent
from infra.importing.source import opened
from infra.importing.xes import BrokenLogError, read_cases
from tests.xes_generator import FOOTER, HEADER, Sketch, a_log, trace, write, xes

SKETCHES = a_log(20, seed=3)
NO_TIME = "an event has a time:timestamp such as 2017-01-09T09:49:50.000+01:00"


def cases_of(text: str | bytes) -> list[Case]:
    return list(read_cases(BytesIO(text if isinstance(text, bytes) else text.encode())))


def read_until_broken(text: str | bytes) -> tuple[list[str], str]:
    """Return the names of the cases before the fault, and what is said of it."""
    cases = read_cases(BytesIO(text if isinstance(text, bytes) else text.encode()))
    names: list[str] = []
    with pytest.raises(BrokenLogError) as caught:
        names.extend(case.name for case in cases)
    return names, str(caught.value)


def a_trace(inside: str, name: str = "one") -> str:
    return (
        f'{HEADER}<trace>\n<string key="concept:name" value="{name}"/>\n{inside}\n</trace>{FOOTER}'
    )


def an_event(*attributes: str) -> str:
    time = '<date key="time:timestamp" value="2018-06-01T12:00:00.000+02:00"/>'
    return f"<event>{time}{''.join(attributes)}</event>"


class Drops:
    """A source that gives one byte at a time."""

    def __init__(self, content: bytes) -> None:
        self._rest = BytesIO(content)

    def read(self, _most_bytes: int) -> bytes:
        return self._rest.read(1)


def test_cases_come_in_order_with_all_their_events():
    found = cases_of(xes(SKETCHES))
    assert [case.name for case in found] == [sketch.name for sketch in SKETCHES]
    assert [[event.activity for event in case.events] for case in found] == [
        list(sketch.activities) for sketch in SKETCHES
    ]
    assert {case.attributes["Amount"] for case in found} == {each.amount for each in SKETCHES}


def test_where_the_pieces_end_changes_nothing():
    text = xes(SKETCHES[:2]).encode()
    assert list(read_cases(Drops(text))) == cases_of(text)


def test_instants_are_in_utc():
    (case,) = cases_of(a_trace(an_event('<string key="concept:name" value="A"/>')))
    assert case.events == (LoggedEvent("A", datetime(2018, 6, 1, 10, tzinfo=UTC)),)


def test_attributes_of_a_case_may_stand_on_the_trace_or_on_any_event():
    described = '<string key="(case)_Amount" value="1"/>'
    own = '<float key="Amount" value="1"/>'
    for inside in (
        an_event(described),
        own + an_event(),
        described,
        an_event() + an_event(described),
    ):
        (case,) = cases_of(a_trace(inside))
        assert case.attributes["Amount"] == "1"


def test_attributes_of_attributes_are_not_the_events_own():
    nested = (
        '<string key="concept:name" value="A"><string key="concept:name" value="B"/></string>'
        '<list key="x"><values><string key="concept:name" value="C"/></values></list>'
    )
    (case,) = cases_of(a_trace(an_event(nested)))
    assert [event.activity for event in case.events] == ["A"]


def test_a_log_without_a_namespace_or_without_cases_is_a_log():
    assert cases_of("<log/>") == []
    (case,) = cases_of('<log><trace><string key="concept:name" value="a"/></trace></log>')
    assert (case.name, case.events) == ("a", ())


@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz", "log"])
def test_a_file_is_read_compressed_or_not(tmp_path, name):
    with opened(write(tmp_path / name, SKETCHES)) as source:
        assert len(list(read_cases(source))) == len(SKETCHES)
        assert source.done == source.size > 0


def test_a_truncated_log_gives_the_whole_cases_before_and_names_the_line():
    text = xes(SKETCHES[:3])
    cut = text[: text.index("</trace>", text.index(SKETCHES[1].name))]
    names, said = read_until_broken(cut)
    assert names == [SKETCHES[0].name]
    line = cut.count("\n") + 1
    assert said == f"line {line}, byte {len(cut.encode())}: no element found"


def test_a_truncated_compressed_log_says_so(tmp_path):
    path = write(tmp_path / "log.xes.gz", a_log(300))
    path.write_bytes(path.read_bytes()[:-400])
    with opened(path) as source, pytest.raises(BrokenLogError, match=r"^line \d+, byte \d+: .*dam"):
        list(read_cases(source))


def test_a_damaged_compressed_log_says_so(tmp_path):
    path = write(tmp_path / "log.xes.gz", SKETCHES)
    content = bytearray(path.read_bytes())
    content[-6] ^= 255  # of the checksum
    path.write_bytes(content)
    with opened(path) as source, pytest.raises(BrokenLogError, match="damaged: CRC check failed"):
        list(read_cases(source))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, byte 0: no element found"),
        ("\n\nno xml", "line 3, byte 2: syntax error"),
        ("\x1f\x8b", "line 1, byte 0: not well-formed (invalid token)"),
        ("<html></html>", "line 1, byte {at}: this is no XES log: its root is 'html', not 'log'"),
        (a_trace("<event>"), "line 8, byte {at}: mismatched tag"),
        (HEADER + "<event/>" + FOOTER, "line 5, byte {at}: an event stands in a trace alone"),
        (a_trace("<trace/>"), "line 7, byte {at}: a trace stands in the log alone"),
        (a_trace("<event><event/></event>"), "line 7, byte {at}: an event stands in a trace alone"),
        (
            a_trace("", name=" "),
            "line 8, byte {at}: a trace has a concept:name of 1 to 200 characters, not 0",
        ),
        (
            a_trace("", name="x" * 201),
            "line 8, byte {at}: a trace has a concept:name of 1 to 200 characters, not 201",
        ),
        (a_trace("<event></event>"), f"line 7, byte {{at}}: {NO_TIME}, not ''"),
    ],
)
def test_what_is_no_log_is_refused_with_its_line_and_byte(text, said):
    names, found = read_until_broken(text)
    assert names == []
    number = int(found.partition("byte ")[2].partition(":")[0])
    assert found == said.format(at=number)
    line = int(found.partition(" ")[2].partition(",")[0])
    assert text.encode()[:number].count(b"\n") == line - 1


@pytest.mark.parametrize("time", ["2018-06-01T12:00:00", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_no_instant_is_refused(time):
    event = f'<event><date key="time:timestamp" value="{time}"/></event>'
    names, said = read_until_broken(a_trace(event))
    assert names == []
    assert f"not {time!r}" in said


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE log [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE log [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE log SYSTEM "http://127.0.0.1:1/log.dtd">',
        "<!DOCTYPE log>",
    ],
)
def test_document_types_and_entities_are_refused(declared):
    text = a_trace(an_event('<string key="concept:name" value="A"/>'))
    names, said = read_until_broken(text.replace("<log", f"{declared}<log", 1))
    assert names == []
    assert "document types and entities are not accepted" in said


def test_an_entity_that_nobody_declared_is_refused():
    _, said = read_until_broken(a_trace(an_event('<string key="concept:name" value="&a;"/>')))
    assert "undefined entity" in said


def test_a_token_without_end_is_refused_before_it_is_all_in_memory():
    class Endless:
        given = 0

        def read(self, most_bytes: int) -> bytes:
            self.given += most_bytes
            return (b"<log a='" if self.given == most_bytes else b"").ljust(most_bytes, b"x")

    source = Endless()
    with pytest.raises(BrokenLogError, match="one tag or comment has more than"):
        list(read_cases(source))
    assert source.given < 3 * reader.LONGEST_TOKEN


@pytest.mark.parametrize("filling", [b" ", b"<!-- -->", b"<string key='a' value='b'/>"])
def test_a_compressed_file_that_expands_to_nothing_is_refused(tmp_path, filling):
    path = tmp_path / "bomb.xes.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"<log>")
        for _ in range(40):
            file.write(filling * (2**20 // len(filling)))
    with opened(path) as source, pytest.raises(BrokenLogError, match="no event or case comes"):
        list(read_cases(source))


def test_a_case_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(reader, "MOST_EVENTS", 2)
    names, said = read_until_broken(
        xes([Sketch("a", ["A", "B"]), Sketch("b", ["A", "B", "C"]), Sketch("c", ["A"])])
    )
    assert names == ["a"]
    assert said.endswith("a case has more than 2 events")


def test_a_case_of_many_words_is_refused(monkeypatch):
    monkeypatch.setattr(reader, "MOST_CHARACTERS", 1_000)
    described = "".join(f'<string key="{n}" value="{"x" * 90}"/>' for n in range(11))
    _, said = read_until_broken(a_trace(described))
    assert said.endswith("a case holds more than 1000 characters")


def test_elements_within_elements_without_end_are_refused():
    deep = "<list key='a'>" * reader.DEEPEST
    _, said = read_until_broken(a_trace(deep))
    assert said.endswith(f"more than {reader.DEEPEST} elements within one another")


def test_a_reader_holds_few_cases_at_a_time():
    class Counting:
        """A log of endlessly many cases."""

        given = 0

        def read(self, most_bytes: int) -> bytes:
            self.given += 1
            return HEADER.encode() if self.given == 1 else one * (most_bytes // len(one))

    one = trace(Sketch("a", ["A"])).encode()
    source = Counting()
    for seen, _ in enumerate(islice(read_cases(source), 2_000)):
        assert source.given <= 2 + seen // (2**16 // len(one))
