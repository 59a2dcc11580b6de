"""Questions to the views: what decisions need (`directory`, `definitions`) and what people see.

`infra.bootstrap` may import this package. Invariant: nothing here changes a row.
Read `directory` first. Facts for decisions are asked where rows are written; what people see is
asked of the replicas of `RINGI_REPLICA_URLS` (`infra.replicas`), if there are any.
"""
