"""What the exchange counts and times about itself, for `/metrics`.

Belongs here: the names of the metrics, once. Does not belong here: alarms, dashboards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from exchange.ports import Batch

_COMMIT_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_LATENESS_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10, 60)
_BATCH_RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


class Measures:
    """The exchange's metrics, in a registry of its own.

    What is counted for every single bid is a plain number here, read only when somebody asks for the metrics.
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.records = 0
        self.frames_in = 0
        self.connections = 0
        self.busy = 0
        self.slow_clients = 0
        self.refused: Counter[str] = Counter()
        self.bad_frames: Counter[str] = Counter()
        self.refund_alerts: Counter[str] = Counter()
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
        self.settlement_position = Gauge(
            "luochui_settlement_position", "Journal position that settlement has reached.", registry=registry
        )
        registry.register(self)

    def took(self, batch: Batch) -> None:
        """Count a batch that has become durable."""
        self.records += len(batch.rows)
        self.batch_records.observe(len(batch.rows))
        for refusal in batch.refusals:
            self.refused[refusal.refused.code.name] += 1

    def collect(self) -> Iterator[Metric]:
        """Return the plain numbers as metrics."""
        yield GaugeMetricFamily("luochui_connections", "Open live connections.", self.connections)
        yield CounterMetricFamily("luochui_records", "Records made durable.", self.records)
        yield CounterMetricFamily("luochui_frames_in", "Frames received.", self.frames_in)
        yield CounterMetricFamily("luochui_busy", "Commands turned away unread.", self.busy)
        yield CounterMetricFamily("luochui_slow_clients", "Connections cut as too slow.", self.slow_clients)
        yield _by_code("luochui_refused", "Refused commands by reason.", self.refused)
        yield _by_code("luochui_bad_frames", "Frames not taken, by code.", self.bad_frames)
        yield _by_code("luochui_refund_alerts", "Alarms about refunds, soon or overdue.", self.refund_alerts)


def _by_code(name: str, documentation: str, counts: Counter[str]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=["code"])
    for code, count in counts.items():
        family.add_metric([code], count)
    return family
