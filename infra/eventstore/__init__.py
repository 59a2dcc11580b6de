"""The log: an event store on MariaDB that loses nothing it accepted, and hides nothing it has.

Select it like any persistence module of eventsourcing: `PERSISTENCE_MODULE=infra.eventstore`,
with the settings of `settings.StoreSettings`. Whoever builds an application in `infra` may
import this package; entrypoints get it from there.

Invariant: what any reader has seen at or below a position never changes, and no event ever
appears there afterwards.

Context: InnoDB gives out positions before transactions commit. Choice: writers append in
parallel, and a reader settles before it passes (`settling`). Price: a failed append costs a
row, and a reader waits for transactions in flight below what it wants to see.

Read `settling` first, then `append`; `errors` draws what can go wrong.
"""

from infra.eventstore.factory import MariaDBFactory

__all__ = ["MariaDBFactory"]
