"""People: their roles, their managers, the tokens they sign in with. One stream a person.

Read `events` first, then `person`.
"""
