"""What people see of the views: documents, inbox, timeline, people, definitions; a page at a time.

`api` may import this package. Invariant: each question is one statement, whose rows and whose
place are of the same moment, so that the feed after this place continues these rows.
Read `snapshot` first.
"""
