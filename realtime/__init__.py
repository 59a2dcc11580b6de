"""The WebSocket gateway: it follows the feed and tells each subscriber what concerns it.

Only `api.cli` may import this package, for `realtime.client`; the gateway gets its parts from
`infra`'s composition root. Invariant: whoever subscribed hears of every row that concerns them,
once and in order in each lane, or is told that they must fetch a snapshot.
Read `protocol` first, then `session` and `hub`: what they decide is decided without I/O.
"""
