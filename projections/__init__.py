"""The read side: folds of the log into views.

`infra` may import this package; it imports `domain` alone.
Invariant: names no driver, and knows nothing of `commands`.
Nothing stands here yet: the log (`infra.eventstore`) comes first.
"""
