"""Mail: notices become messages, and each is handed to an SMTP server once.

`infra`'s composition root makes it of parts; `workers.mail` runs it. Invariant: no message is given
to a server twice, unless an operator says so; each is sent, or stands in the table `delivery` with
the reason.
Read `delivering` first; docs/mail.md says why.
"""
