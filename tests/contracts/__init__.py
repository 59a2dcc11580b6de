"""What any event store must keep: abstract suites, run by every store that claims to be one.

A store's own test module subclasses a suite and says how to open the store. `history` judges
what was seen; it knows nothing of databases.
"""
