"""What a mail tells of an event, and where its link goes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.document.events import DocumentApproved, StepStarted
from domain.job.events import JobFailed, JobRequested, JobSucceeded
from domain.metadata import Event, Recorded
from infra.mail.telling import NothingToTellError, Telling, Told
from tests.builders import DOCUMENT, content, published, recorded
from tests.documents import approved
from tests.fakes import InMemoryDefinitions

JOB = UUID("6f1d2a6e-98c5-4b37-8f65-0a5d2f4a7b11")


class People:
    def name(self, login: str) -> str:
        return login.title()


def told(stream: UUID, version: int, **streams: Sequence[Event]) -> Told:
    histories: dict[UUID, Sequence[Recorded]] = {
        DOCUMENT: recorded(approved().history),
        JOB: recorded(streams.get("job", ()), JOB),
    }
    named = replace(content(), label="Purchase order")
    definitions = InMemoryDefinitions({"purchase": [published(named, 1)]})
    people: Any = People()
    telling = Telling(lambda wanted: histories.get(wanted, ()), definitions, people)
    return telling.told(stream, version)


def a_job(kind: str, *ends: Event, **parameters: str) -> Sequence[Event]:
    return [JobRequested(kind, parameters, "ann"), *ends]


def test_a_document_is_told_by_its_label_and_the_first_digits_of_its_id() -> None:
    history = approved().history
    for kind, outcome in ((StepStarted, "waiting"), (DocumentApproved, "approved")):
        version = next(n for n, each in enumerate(history, 1) if isinstance(each, kind))
        found = told(DOCUMENT, version)
        assert (found.what, found.mark, found.outcome) == (
            "Purchase order",
            str(DOCUMENT)[:8],
            outcome,
        )
        assert (found.requester, found.path) == ("Ann", f"/#/documents/{DOCUMENT}")


@pytest.mark.parametrize(
    ("job", "what", "about"),
    [
        (a_job("pdf", document=str(DOCUMENT)), "PDF of Purchase order", DOCUMENT),
        (a_job("pdf", document=str(UUID(int=7))), "PDF", UUID(int=7)),
        (a_job("export", format="csv"), "CSV export", JOB),
        (a_job("tidy"), "job tidy", JOB),
    ],
    ids=["pdf", "pdf of nothing", "export", "another kind"],
)
@pytest.mark.parametrize(
    ("end", "outcome"), [(JobSucceeded(1), "succeeded"), (JobFailed(1, "no room", None), "failed")]
)
def test_a_job_is_told_by_what_it_makes_and_its_link_goes_to_its_place_on_the_page(
    job: Sequence[Event], what: str, about: UUID, end: Event, outcome: str
) -> None:
    found = told(JOB, 2, job=[*job, end])
    assert (found.what, found.mark, found.outcome) == (what, str(about)[:8], outcome)
    assert (found.subject, found.stream, found.path) == ("Job", JOB, f"/#/jobs/{JOB}")


def test_what_the_log_has_not_tells_nothing() -> None:
    with pytest.raises(NothingToTellError):
        told(JOB, 2, job=a_job("pdf", document=str(DOCUMENT)))
    with pytest.raises(NothingToTellError):
        told(DOCUMENT, 1)
