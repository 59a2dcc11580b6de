"""Stored forms of every event, as they stand in logs: `<topic>.<number>.json`, the newest last.

A file is never changed or removed: some log holds it. Where an event's stored form changes,
add the next file beside it; the older ones must still be read as the same event.
"""
