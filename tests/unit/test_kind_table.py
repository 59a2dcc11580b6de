"""The table of kinds: what is asked for can be run, and costs nothing before."""

import subprocess
import sys
from importlib import import_module

import pytest

from api.schemas.jobs import PARAMETERS
from workers.kinds import KINDS, later


def test_what_the_api_takes_is_what_workers_run() -> None:
    assert PARAMETERS.keys() == KINDS.keys()


@pytest.mark.parametrize(
    ("module", "function"),
    [("workers.kinds.pdf", "make_pdf"), ("workers.kinds.export", "make_export")],
)
def test_every_kind_is_a_function_that_is_there(module: str, function: str) -> None:
    assert callable(getattr(import_module(module), function))


def test_a_process_of_jobs_loads_no_library_of_a_kind_before_it_runs() -> None:
    heavy = ("weasyprint", "xlsxwriter")
    program = (
        "import sys, infra.bootstrap, workers.jobs\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_a_kind_is_what_its_function_makes() -> None:
    assert later("tests.job_kinds", "_nothing")(None) is None  # type: ignore[arg-type]
