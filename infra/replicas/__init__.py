"""Reading from replicas: which of them may answer, and what an answer must show.

`infra.bootstrap`, `infra.views` and `infra.history` may import this package; it imports the store
and `infra.projecting`. Invariant: no answer is older than what the request asked for, whichever
server gives it; where no replica can answer, the primary does.
Read `router` first, then `needed` and `watch`.

Context: a replica says by itself how far it is, for checkpoints are replicated with the rows.
Choice: a look every half second decides who is asked at all, and each answer is judged by the
place that it shows. Price: an answer that was not enough is asked for a second time.
"""
