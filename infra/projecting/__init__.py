"""The machinery that drives projections: batches, checkpoints, parking, rebuilding.

Entrypoints get it from `infra`'s composition root; it imports `projections.base` and the log.
Invariant: rows, feed and checkpoint of a lane move together or not at all, so every event takes
effect exactly once, whatever dies.
Read `runner` first, then `batch`; `docs/projections.md` says why.
"""
