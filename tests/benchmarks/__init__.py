"""Figures of the log, each a ratio within one run: `python -m tests.benchmarks`.

`README.md` says how to run and to read them. Read `rows` first, then `groups`.
"""
