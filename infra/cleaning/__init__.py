"""Clean away what has been kept for long enough: rows of the feed, idempotency keys, settled mail.

The composition root imports this package; it imports the store. Invariant: whatever is deleted, a
reader is told that it is gone, never shown a part. Read `feed` first.
"""
