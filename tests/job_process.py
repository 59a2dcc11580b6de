"""The process of jobs with the tests' kinds: `python -m tests.job_process [LONGEST_S]`."""

import os
import sys
from functools import partial

from infra import logs
from infra.bootstrap import job_parts
from infra.settings import Settings
from tests.job_kinds import KINDS
from workers import run_job
from workers.jobs import run


def main(longest_s: float = run_job.LONGEST_S) -> None:
    settings = Settings.load()
    logs.set_up(settings)
    declare = partial(run_job.declare, kinds=KINDS, longest_s=longest_s)
    run(job_parts(settings), settings.broker_url, settings.job_threads, (declare,))
    os._exit(0)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
