"""The write side: from a command to events in the log, once, in the order of the log.

`infra` and entrypoints may import this package; it imports `domain` alone.
Invariant: a command takes effect wholly and once, or leaves no trace.
Read `handlers` first: every command, its stream and its decision in one table; then `bus`.
"""
