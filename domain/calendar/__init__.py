"""Business time: which hours count, in which zone, and what time is after some of them.

Read `content` for what a calendar says, `hours` for what follows from it, then `calendar`.
"""
