"""Notices by mail."""

from prometheus_client import CollectorRegistry, Counter


class MailMetrics:
    """What became of mails."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._mails = Counter(
            "ringi_mails",
            "Mails that were tried, by their state afterwards.",
            ["outcome"],
            registry=registry,
        )

    def tried(self, outcome: str) -> None:
        """Count a mail that was tried; `outcome` is a word of the code's own."""
        self._mails.labels(outcome).inc()
