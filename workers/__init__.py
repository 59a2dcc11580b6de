"""Projection workers, jobs and the scheduler.

Nobody may import this package; it gets its parts from `infra`'s composition root.
Invariant: a stranger to the other entrypoints.
Nothing stands here yet: the log (`infra.eventstore`) comes first.
"""
