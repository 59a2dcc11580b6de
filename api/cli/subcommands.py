"""The one table of what `ringi` can do."""

from collections.abc import Mapping

SUBCOMMANDS: Mapping[str, tuple[str, str]] = {
    # The machine
    "up": ("api.cli.up", "Start everything on this machine, wait until it is ready."),
    "down": ("api.cli.down", "Stop everything in order; the data stays."),
    "status": ("api.cli.status", "Show what runs, and how far it is."),
    "logs": ("api.cli.logs", "Show what the programs have logged."),
    "check-config": ("api.cli.check_config", "Show the settings, check the servers they name."),
    "migrate": ("api.cli.migrate", "Bring the databases to this version's schema."),
    "demo": ("api.cli.demo", "Let one approval happen before your eyes."),
    # What is decided, and by whom
    "definition": ("api.cli.definition", "Write, check, compare and publish definitions."),
    "schema": ("api.cli.schema", "Print the JSON Schema of definitions."),
    # People and history
    "token": ("api.cli.token", "Issue a token; the first one makes the first administrator."),
    "person": ("api.cli.person", "Show a person; set rank, limits, absences."),
    "calendar": ("api.cli.calendar", "Show and define calendars, give them holidays."),
    "replay": ("api.cli.replay", "Show what happened to a document, and what it came to."),
    "import-log": ("api.cli.import_log", "Import an approval log (XES), case by case."),
    "rebuild": ("api.cli.rebuild", "Build a projection's tables anew, and swap."),
    "retry": ("api.cli.retry", "Fold again what a projection could not fold."),
    "jobs": ("api.cli.jobs", "Show background jobs, try one again."),
    "mail": ("api.cli.mail", "Show how mail stands; decide what is uncertain."),
    "watch": ("api.cli.watch", "Follow a topic live."),
}
"""Each subcommand's module and its line in `ringi --help`. The module has a function `run`, which
typer makes the command of: its parameters are the options, its docstring the help. A module is
imported only when its subcommand is asked for."""
