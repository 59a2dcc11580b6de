"""Projection workers and the scheduler.

Nobody may import this package; it gets its parts from `infra`'s composition root.
Invariant: a stranger to the other entrypoints; whatever a worker is killed at, nothing is lost.
Read `catch_up` first. `python -m workers` is a worker, `python -m workers.scheduler` the tick.
"""
