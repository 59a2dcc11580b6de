"""The tables of a log and of its views, as numbered SQL files that only go forward.

`infra.eventstore` and operators' tools may import this package; it knows neither.
Invariant: a database is at a known number with known checksums, or nothing works on it.
Read `log/0001_log.sql` first, then `migrations.py`.

Plain SQL and a small runner instead of alembic: the weight of this schema is in triggers,
grants and generated columns, which alembic's metadata cannot express, and MariaDB commits
each DDL statement by itself, so a migration is made repeatable instead of transactional
(docs/adr/0003-plain-sql-migrations.md).
"""
