"""Adapters to the world: the MariaDB log, its schema, and private servers to run it on.

Entrypoints may import this package; it imports `commands`, `projections` and `domain`.
Invariant: importing connects to nothing; a connection is opened when it is used.
Read `infra.eventstore` first: everything else stands on the log.
"""
