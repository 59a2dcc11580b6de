"""The private replicas of a local installation: how many, where, and from which data."""

from collections.abc import Mapping, Sequence

from eventsourcing.persistence import OperationalError
from sqlalchemy.engine import URL

from infra.home import Home
from infra.local.errors import InstallationError
from infra.replica_server import ReplicaServer, UnfollowableError, give_replication_account
from infra.stack import MariaDBServer

#: More copies of everything on one machine serve nobody.
MOST_REPLICAS = 9

#: The programs that they are to the supervisor.
REPLICA_NAMES = frozenset(f"replica{number}" for number in range(1, MOST_REPLICAS + 1))

#: What holds their URLs in the environment file, and so their number.
_VARIABLE = "RINGI_REPLICA_URLS"


def replicas_in(home: Home, count: int | None = None) -> list[ReplicaServer]:
    """Return the replicas of an installation: so many, or as many as its last `up` decided."""
    if count is None:
        count = len(home.read_environment().get(_VARIABLE, "").split())
    return [
        ReplicaServer(home.folder / f"replica{number}", sockets=home.sockets, number=number)
        for number in range(1, count + 1)
    ]


def decided_urls(replicas: Sequence[ReplicaServer], application: URL) -> Mapping[str, str]:
    """Return what the environment file says of the replicas: nothing if there are none."""
    account, secret = application.username or "", application.password or ""
    urls = [each.url(account, secret).render_as_string(hide_password=False) for each in replicas]
    return {_VARIABLE: " ".join(urls)} if urls else {}


def copy_missing(primary: MariaDBServer, replicas: Sequence[ReplicaServer]) -> None:
    """Give each replica that has none the primary's data; neither may run.

    Raises:
        InstallationError: the data cannot be copied, for want of room as a rule.
    """
    for replica in replicas:
        try:
            replica.copy(primary)
        except OSError as error:
            raise InstallationError(
                f"{primary.folder} cannot be copied to {replica.folder}: {str(error)[:300]}"
            ) from error


def follow(primary: MariaDBServer, replicas: Sequence[ReplicaServer]) -> None:
    """Let the running replicas follow the running primary.

    Raises:
        InstallationError: one does not; the message says what to do.
    """
    if not replicas:
        return
    account = give_replication_account(primary)
    for replica in replicas:
        try:
            replica.follow(primary, account)
        except UnfollowableError as error:
            raise InstallationError(
                f"{error}; `ringi up` once more makes it anew from the primary's data"
            ) from error
        except OperationalError as error:
            raise InstallationError(f"{error}; see {replica.name} in `ringi logs`") from error
