"""What the exchange counts and times about itself, for `/metrics`.

Belongs here: the names of the metrics, once. Does not belong here: alarms, dashboards.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from exchange.ports import Batch

_COMMIT_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_LATENESS_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10, 60)
_BATCH_RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


class Measures:
    """The exchange's metrics, in a registry of its own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.recorded = Counter("luochui_records", "Records made durable.", registry=registry)
        self.refused = Counter("luochui_refused", "Refused commands by reason.", ["code"], registry=registry)
        self.busy = Counter("luochui_busy", "Commands turned away unread.", registry=registry)
        self.commit_seconds = Histogram(
            "luochui_commit_seconds",
            "Time of one journal append.",
            buckets=_COMMIT_SECONDS,
            registry=registry,
        )
        self.batch_records = Histogram(
            "luochui_batch_records", "Records in one append.", buckets=_BATCH_RECORDS, registry=registry
        )
        self.deadline_lateness_seconds = Histogram(
            "luochui_deadline_lateness_seconds",
            "How long after its moment a deadline was decided.",
            buckets=_LATENESS_SECONDS,
            registry=registry,
        )
        self.connections = Gauge("luochui_connections", "Open live connections.", registry=registry)
        self.frames_in = Counter("luochui_frames_in", "Frames received.", registry=registry)
        self.bad_frames = Counter(
            "luochui_bad_frames", "Frames not taken, by code.", ["code"], registry=registry
        )
        self.slow_clients = Counter("luochui_slow_clients", "Connections cut as too slow.", registry=registry)
        self.settlement_position = Gauge(
            "luochui_settlement_position", "Journal position that settlement has reached.", registry=registry
        )

    def took(self, batch: Batch) -> None:
        """Count a batch that has become durable."""
        self.recorded.inc(len(batch.rows))
        self.batch_records.observe(len(batch.rows))
