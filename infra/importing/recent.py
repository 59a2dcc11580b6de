"""What the views said a moment ago, for imports, which ask the same thousands of times."""

import time
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from commands.ports import Definitions, Directory, Ports
from domain.document.facts import DirectoryFacts, Needs, Published

#: Seconds for which an answer is good. A definition that is published, or a person who is
#: deactivated, while an import runs is seen by it this much later, and by nobody else. What the
#: import itself changes it sees at once: it takes new ports then.
KEPT_S = 1.0
#: Answers kept; an import asks some dozens of questions.
KEPT = 1_000

Answer = TypeVar("Answer")


def recent(ports: Ports) -> Ports:
    """Return ports that give answers which are at most a second old. Safe to use from threads."""
    return Ports(
        RecentDirectory(ports.directory), RecentDefinitions(ports.definitions), ports.calendars
    )


class _Recent(Generic[Answer]):
    """Answers by question. Threads that ask at once may each ask the view."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, tuple[float, Answer]] = {}

    def get(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        now = time.monotonic()
        kept = self._answers.get(question)
        if kept is not None and now - kept[0] < KEPT_S:
            return kept[1]
        answer = ask()
        if len(self._answers) >= KEPT:
            self._answers.clear()
        self._answers[question] = now, answer  # as old as the question
        return answer


class RecentDirectory(Directory):
    """The port Directory; facts for a document's flow may be a second old."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._facts = _Recent[DirectoryFacts]()

    def facts(
        self,
        needs: Needs,
        but_not: str,
        at: datetime | None = None,  # noqa: ARG002  # cases of one second have many moments
    ) -> DirectoryFacts:
        """Return what is known of these people, with every absence, and who holds these roles.

        A role counts if somebody active other than `but_not` holds it.
        """
        return self._facts.get((needs, but_not), lambda: self._directory.facts(needs, but_not))

    def managers_above(self, login: str) -> Sequence[str]:
        """Return the managers above a person, nearest first; at most a hundred."""
        return self._directory.managers_above(login)

    def is_active(self, login: str) -> bool | None:
        """Tell whether the person may act; None if there is no such person."""
        return self._directory.is_active(login)

    def other_admins(self, login: str) -> int:
        """Return how many active people other than this one hold the role admin."""
        return self._directory.other_admins(login)


class RecentDefinitions(Definitions):
    """The port Definitions; which version is in force may be a second old."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._latest = _Recent[Published | None]()

    def latest(
        self,
        name: str,
        at: datetime | None = None,  # noqa: ARG002  # cases of one second have many moments
    ) -> Published | None:
        """Return the version in force now, None if there is none."""
        return self._latest.get(name, lambda: self._definitions.latest(name))

    def version(self, name: str, version: int) -> Published | None:
        """Return a version that was published, None if it was not."""
        return self._definitions.version(name, version)
