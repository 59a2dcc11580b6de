"""The local installation: every server and every role on one machine, supervised.

The command line may import this package; it imports the servers, the settings and the schema.
Invariant: it ends no process but those that carry this installation's mark or its folder's name.
Read `installation` first, then `starting`.

Context: one command must bring up a whole machine, and what dies must come back by itself.
Choice: supervisord, which does that and nothing else, driven over its socket; the same Procfile
is what a large deployment starts by other means. Price: one more process.
"""
