"""Whether the settings and the servers they name are fit for Ringi: asked before anything starts.

The command line and the local installation may import this package. Invariant: it changes nothing
on any server, and each answer comes within seconds. Read `checks` first.
"""
