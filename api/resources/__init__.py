"""What answers each route.

`api.app` alone imports this package. Invariant: a resource reads the request, gives a command or
asks a question, and decides nothing.
Read `documents` first.
"""
