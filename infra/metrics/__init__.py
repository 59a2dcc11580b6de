"""Metrics: what a process counts and measures of itself, served at /metrics for Prometheus.

Every package but the core may import this; it imports prometheus_client and what it reads at a
scrape. Invariant: no label holds an id, a login or anything else that a client chooses. Read
`metrics` first; docs/metrics.md lists every name.
"""
