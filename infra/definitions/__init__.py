"""Definitions as people write them: YAML or JSON, every part with its line and column.

`api` may import this package. Invariant: one text means one thing; what another reader could
understand otherwise (a key twice, an anchor, `NaN`) is a finding, and so is what is too large.
Read `reading` first.
"""
