"""The write side: from a command to the events that it causes.

`infra` may import this package; it imports `domain` alone.
Invariant: names no driver, and knows nothing of `projections`.
Nothing stands here yet: the log (`infra.eventstore`) comes first.
"""
