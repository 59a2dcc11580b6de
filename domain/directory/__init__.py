"""People: roles, managers, ranks, limits, absences, and the tokens they sign in with.

One stream a person. Read `events` first, then `person`; what flows ask is in `facts`, `chain`,
`standing_in` and `authority`.
"""
