"""What a kind of document consists of and who approves it; versions never change.

Read `content` first, then `events`.
"""
