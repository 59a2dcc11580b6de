"""One document and its rounds of approval: the consistency boundary of a decision.

Read `events` first: what can happen; then `state`: what they add up to; then `decide`.
"""
