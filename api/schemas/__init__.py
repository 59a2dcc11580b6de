"""What every body that comes in looks like, in one description each.

`api.resources` uses these. Invariant: a schema says what a body's members are called and of which
kind they are; what they may be is the domain's to say.
Read `documents` first.
"""
