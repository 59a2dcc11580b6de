"""Background jobs between the log and the process that runs them: who works, what is due.

Entrypoints may import this package. Invariant: whether a job runs is decided by its stream and its
version alone; messages, rows of what is due and locks are hints, and may be lost or doubled.
Read `attempts` first.
"""
