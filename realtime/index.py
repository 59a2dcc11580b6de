"""Who hears of a row: from the feed's topics to subscriptions to subscribers."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from realtime.row import Row

Member = TypeVar("Member")


@dataclass(frozen=True)
class Grant:
    """A subscription that was allowed."""

    topic: str
    """As the client names it, such as `inbox:ann`."""
    keys: frozenset[str]
    """The feed's topics that it takes in, such as `person:ann` and `role:clerk`."""
    login: str | None = None
    """Whose inbox it is; None if it is none. Rows that exclude them are passed over."""


class Index(Generic[Member]):
    """Subscriptions by the feed's topics. A row costs time only for those whom it concerns."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}
        self._members: dict[str, set[Member]] = {}
        self._by_key: dict[str, set[str]] = {}

    def add(self, member: Member, grant: Grant) -> None:
        """Let `member` hear what the grant takes in. The newest grant of a topic is everybody's."""
        known = self._grants.get(grant.topic)
        if known != grant:
            if known is not None:
                self._unlink(known)
            self._grants[grant.topic] = grant
            for key in grant.keys:
                self._by_key.setdefault(key, set()).add(grant.topic)
        self._members.setdefault(grant.topic, set()).add(member)

    def discard(self, member: Member, topics: Iterable[str]) -> None:
        """Let `member` no longer hear of these subscriptions."""
        for topic in topics:
            members = self._members.get(topic)
            if members is None:
                continue
            members.discard(member)
            if not members:
                del self._members[topic]
                self._unlink(self._grants.pop(topic))

    def audience(self, row: Row) -> Iterator[tuple[tuple[str, ...], Collection[Member]]]:
        """Yield those whom the row concerns, each member once, by the subscriptions it matches."""
        topics = self._topics(row)
        if len(topics) == 1:
            yield (topics[0],), self._members[topics[0]]
        elif topics:
            yield from self._grouped(topics)

    def _topics(self, row: Row) -> list[str]:
        matching: set[str] = set()
        for key in row.topics:
            matching |= self._by_key.get(key, frozenset())
        if row.excluded:
            return [topic for topic in matching if self._grants[topic].login not in row.excluded]
        return list(matching)

    def _grouped(self, topics: list[str]) -> Iterator[tuple[tuple[str, ...], Collection[Member]]]:
        """Tell members apart one by one, but for those who only have the most common topic."""
        *others, most = sorted(topics, key=lambda topic: len(self._members[topic]))
        crowd = self._members[most]
        several: dict[Member, list[str]] = {}
        for topic in others:
            for member in self._members[topic]:
                several.setdefault(member, [most] if member in crowd else []).append(topic)
        groups: dict[tuple[str, ...], list[Member]] = {}
        for member, matching in several.items():
            groups.setdefault(tuple(sorted(matching)), []).append(member)
        yield from groups.items()
        if rest := crowd.difference(several):
            yield (most,), rest

    def _unlink(self, grant: Grant) -> None:
        for key in grant.keys:
            topics = self._by_key[key]
            topics.discard(grant.topic)
            if not topics:
                del self._by_key[key]
