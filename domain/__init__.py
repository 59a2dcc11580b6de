"""What Ringi decides: definitions, documents, people, as plain values and pure functions.

Everyone may import this package; it imports nothing but the standard library (and `cel`).
Invariant: no I/O, no clock, no randomness; time, ids and facts arrive inside the command.
Read `document.events` first, then `document.state` and `document.decide`.
"""
