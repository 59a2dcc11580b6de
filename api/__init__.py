"""The HTTP API, its Python client, and the command line.

Nobody may import this package; it gets its parts from `infra.bootstrap`, and is a stranger to the
other entrypoints. Invariant: whoever asks is known and may ask, at every route that does not say
that it is open; what fails is a problem of `problems`' table and leaves no trace.
Read `app` first: the table of routes; then `commanding` and `reading`. Clients read `docs/api.md`.
"""
