"""Bring both databases of an installation to this version's schema."""

from eventsourcing.persistence import ProgrammingError
from eventsourcing.utils import Environment

from infra.bootstrap import prepare
from infra.eventstore import MariaDBFactory
from infra.settings import SettingError, Settings, store_env


def migrate(settings: Settings) -> None:
    """Bring both databases, and the tables that projections keep, to this version. Idempotent.

    Raises:
        SettingError, ForeignSchemaError, UnsafeServerError: as `migrate_store`.
    """
    migrate_store(settings)
    prepare(settings)


def migrate_store(settings: Settings) -> None:
    """Create or upgrade the tables of the log and of the views. Idempotent.

    Raises:
        SettingError: no migration account is given.
        ForeignSchemaError: a database is somebody else's, or newer than this code.
        UnsafeServerError: the server breaks a promise of the log; the message says which.
    """
    if settings.migration_url is None:
        raise SettingError(
            "RINGI_MIGRATION_URL is not set: give the account that may create tables, "
            "such as mysql+pymysql://user:secret@host:3306/"
        )
    factory = MariaDBFactory(Environment("ringi", store_env(settings)))
    try:
        factory.application_recorder()
        factory.tracking_recorder()
    except ProgrammingError as error:
        if "MARIADB_LANES" in str(error):  # the store's name of a setting of ours
            raise SettingError(str(error).replace("MARIADB_LANES", "RINGI_LANES")) from error
        raise
    finally:
        factory.close()
