"""`ringi down`."""

from api.cli.telling import to_whoever_reads
from infra.local.installation import Installation
from infra.local.stopping import down


def run() -> None:
    """Stop roles, then servers, and wait until each process is gone; the data stays."""
    down(Installation.here(), to_whoever_reads)
