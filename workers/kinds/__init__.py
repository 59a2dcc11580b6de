"""The kinds of background jobs: each is a function from what was asked to a file.

Only `workers` may import this package. Invariant: a kind has no effect but the file it returns, so
it may be run again at any time.
Read `base` first; `KINDS` is the one table of them.
"""
