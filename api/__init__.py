"""The HTTP entrypoint and the command line.

Nobody may import this package; it gets its parts from `infra`'s composition root.
Invariant: a stranger to the other entrypoints.
Nothing stands here yet: the log (`infra.eventstore`) comes first.
"""
