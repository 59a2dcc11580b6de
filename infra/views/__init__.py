"""Questions to the views: what decisions need (`directory`, `definitions`) and what people see.

`infra.bootstrap` may import this package. Invariant: nothing here changes a row.
Read `directory` first. Facts for decisions are asked where rows are written; what people see is
asked where `RINGI_READING_URL` says.
"""
