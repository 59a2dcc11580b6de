"""Background jobs: what was asked for in the background, what became of it, who may have it.

`commands` and `projections` may import this package. Invariant: a job ends once, as succeeded or as
failed for good, whoever runs it how often.
Read `events` first.
"""
