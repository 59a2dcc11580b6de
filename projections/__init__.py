"""The read side: what the events look like to those who ask. Folds, not queries.

`infra` may import this package; it imports `domain` alone, and never `commands`.
Invariant: a view is a function of the log; dropping it and folding again changes no row.
Read `base` first, then `workspace`; `registry` lists every projection.
"""
