"""What `ringi up` decides once and keeps: accounts with their secrets, addresses, ports."""

from collections.abc import Collection
from secrets import token_urlsafe

from sqlalchemy.engine import URL, make_url

from infra.local.errors import InstallationError
from infra.local.installation import Installation
from infra.local.replicas import decided_urls, replicas_in
from infra.ports import free_port, is_free
from infra.schema.accounts import Account, Accounts, create_accounts
from infra.settings import Settings, variable

#: The accounts of a private MariaDB, and the variables that hold their URLs.
_ACCOUNTS = {
    "RINGI_DATABASE_URL": "ringi_application",
    "RINGI_MIGRATION_URL": "ringi_migration",
    "RINGI_OPERATION_URL": "ringi_operation",
}


#: Where metrics usually are. Not a condition of starting: a role that finds its port taken says so
#: in its log, and does its work without.
_METRICS_PORTS = {"api": 8410, "gateway": 8411, "worker": 8412, "jobs": 8413, "scheduler": 8414}


def decide(
    installation: Installation, *, split_redis: bool | None = None, replicas: int | None = None
) -> dict[str, str]:
    """Return what the environment file is to hold; what was decided before stays so.

    `split_redis`: whether each role of Redis gets a private server; `replicas`: how many replicas
    the private MariaDB has; None: as before.

    Raises:
        InstallationError: a Redis that is given is to be split, or a MariaDB to be replicated.
    """
    before = installation.home.read_environment()
    decided: dict[str, str] = {}
    if installation.has_own_mariadb:
        for name, account in _ACCOUNTS.items():
            secret = make_url(before[name]).password if name in before else None
            url = installation.mariadb.url(account, secret or token_urlsafe(32))
            decided[name] = url.render_as_string(hide_password=False)
        wanted = replicas_in(installation.home, replicas)
        decided |= decided_urls(wanted, make_url(decided["RINGI_DATABASE_URL"]))
    elif replicas:
        raise InstallationError(
            "RINGI_DATABASE_URL is given, so no replica is started here: give the URLs of its "
            "replicas in RINGI_REPLICA_URLS"
        )
    if installation.has_own_redis:
        decided["RINGI_REDIS_URL"] = installation.redis.url
        if installation.has_split_redis if split_redis is None else split_redis:
            decided |= {name: server.url for name, server in installation.split_redis.items()}
    elif split_redis:
        raise InstallationError(
            "RINGI_REDIS_URL is given, so no Redis is started here: give one URL for each role "
            "instead (RINGI_BROKER_URL, RINGI_PUBSUB_URL, RINGI_CACHE_URL)"
        )
    for role in ("api", "gateway"):
        name = variable(f"{role}_port")
        given = installation.environ.get(name) or before.get(name)
        decided[name] = given or _new_port(installation, role, set(decided.values()))
    for role, usual in _METRICS_PORTS.items():
        name = variable(f"{role}_metrics_port")
        given = installation.environ.get(name) or before.get(name)
        decided[name] = given or str(usual if is_free("127.0.0.1", usual) else free_port())
    return decided


def require_free_ports(settings: Settings) -> None:
    """Refuse to start where somebody else listens.

    Raises:
        InstallationError: with the setting to change.
    """
    for name, host, port in (
        ("RINGI_API_PORT", settings.api_host, settings.api_port),
        ("RINGI_GATEWAY_PORT", settings.gateway_host, settings.gateway_port),
    ):
        if not is_free(host, port):
            raise InstallationError(
                f"another process listens on {host}:{port}: end it, or give another {name}"
            )


def give_accounts(installation: Installation) -> None:
    """Create the accounts of the private MariaDB, with the decided secrets. Idempotent."""
    decided = installation.home.read_environment()
    application, migration, operation = (_account(make_url(decided[name])) for name in _ACCOUNTS)
    accounts = Accounts(application=application, migration=migration, operation=operation)
    settings = installation.settings()
    with installation.mariadb.admin() as admin:
        for database in (settings.log, settings.views):
            create_accounts(admin, accounts, database.replace("_", r"\_"))


def _account(url: URL) -> Account:
    return Account(url.username or "", url.password or "")


def _new_port(installation: Installation, role: str, taken: Collection[str]) -> str:
    """Return the usual port, or a free one if somebody else has that."""
    usual = {"api": Settings.api_port, "gateway": Settings.gateway_port}[role]
    host = installation.environ.get(variable(f"{role}_host")) or "127.0.0.1"
    return str(usual if str(usual) not in taken and is_free(host, usual) else free_port())
