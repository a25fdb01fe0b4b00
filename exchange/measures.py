"""What the exchange counts and times about itself, for `/metrics`.

Belongs here: the names of the metrics, once. Does not belong here: alarms, dashboards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from exchange.ports import Batch

_COMMIT_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_LATENESS_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10, 60)
_PAUSE_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1)
_ROUND_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_WINDOW_SECONDS = 60.0
"""The longest pause is that of this window and of the one before it."""

_BATCH_RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


class Measures:
    """The exchange's metrics, in a registry of its own.

    What is counted for every single bid is a plain number here, read only when somebody asks for the metrics.
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.records = 0
        self.frames_in = 0
        self.positions: tuple[tuple[int, int], ...] = ()
        """Shards, each with the position up to which this process knows its journal."""
        self.connections = 0
        self.busy = 0
        self.slow_clients = 0
        self.tick_seconds = 0.0
        self.deliveries: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.bad_frames: Counter[str] = Counter()
        self.refund_alerts: Counter[str] = Counter()
        self.refunds: Counter[str] = Counter()
        self.replicas: Sequence[tuple[str, str, int, float]] = ()
        """Name, `sync_state`, bytes and seconds behind of each copy of the database."""
        self.slots: Sequence[tuple[str, int]] = ()
        """Name of each replication slot, and the bytes that the server keeps for it."""
        self.is_writable = False
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
        self.round_seconds = Histogram(
            "luochui_round_seconds",
            "Time from the first to the last watcher who is told a state in one round.",
            buckets=_ROUND_SECONDS,
            registry=registry,
        )
        self.loop_pause_seconds = Histogram(
            "luochui_loop_pause_seconds",
            "How late a timer of the event loop was.",
            buckets=_PAUSE_SECONDS,
            registry=registry,
        )
        self.loop_held_seconds = Histogram(
            "luochui_loop_held_seconds",
            "How much of that this process may have caused, by its own processor time.",
            buckets=_PAUSE_SECONDS,
            registry=registry,
        )
        self._longest_pauses = (0.0, 0.0)
        self._window_ends_at = 0.0
        self.settlement_position = Gauge(
            "luochui_settlement_position", "Journal position that settlement has reached.", registry=registry
        )
        registry.register(self)
        ProcessCollector(registry=registry)

    def took(self, batch: Batch) -> None:
        """Count a batch that has become durable."""
        self.records += len(batch.rows)
        self.batch_records.observe(len(batch.rows))
        for refusal in batch.refusals:
            self.refused[refusal.refused.code.name] += 1

    def paused(self, seconds: float, worked_seconds: float, at: float) -> None:
        """Note how late a timer was that was due at `at`, in seconds of the event loop's clock.

        Args:
            seconds: by how much.
            worked_seconds: the processor time that the loop's thread had from when the timer was set. What it was
                late beyond that, the machine gave to others.
            at: when it was due.
        """
        self.loop_pause_seconds.observe(seconds)
        self.loop_held_seconds.observe(min(seconds, worked_seconds))
        before, longest = self._longest_pauses
        if at >= self._window_ends_at:
            before, longest = longest, 0.0
            self._window_ends_at = at + _WINDOW_SECONDS
        self._longest_pauses = (before, max(longest, seconds))

    @property
    def longest_pause_seconds(self) -> float:
        """Return the longest pause of the event loop in the last one to two minutes."""
        return max(self._longest_pauses)

    def lateness(self) -> tuple[int, int]:
        """Return how many deadlines were decided here, and how many of them more than a second late."""
        samples = [sample for family in self.deadline_lateness_seconds.collect() for sample in family.samples]
        within = sum(int(one.value) for one in samples if one.labels.get("le") == "1.0")
        decided = sum(int(one.value) for one in samples if one.name.endswith("_count"))
        return decided, decided - within

    def collect(self) -> Iterator[Metric]:
        """Return the plain numbers as metrics."""
        yield GaugeMetricFamily("luochui_connections", "Open live connections.", self.connections)
        yield CounterMetricFamily("luochui_records", "Records made durable.", self.records)
        yield _gauges(
            "luochui_journal_position",
            "Journal position that this process has reached.",
            ["shard"],
            [((str(shard),), position) for shard, position in self.positions],
        )
        yield CounterMetricFamily("luochui_frames_in", "Frames received.", self.frames_in)
        yield CounterMetricFamily("luochui_busy", "Commands turned away unread.", self.busy)
        yield CounterMetricFamily("luochui_slow_clients", "Connections cut as too slow.", self.slow_clients)
        yield GaugeMetricFamily("luochui_tick_seconds", "Present time between two rounds.", self.tick_seconds)
        yield GaugeMetricFamily(
            "luochui_loop_pause_longest_seconds",
            "Longest pause of the event loop in the last one to two minutes.",
            self.longest_pause_seconds,
        )
        yield _by_label("luochui_deliveries", "Frames sent to an audience.", "audience", self.deliveries)
        yield _by_code("luochui_refused", "Refused commands by reason.", self.refused)
        yield _by_code("luochui_bad_frames", "Frames not taken, by code.", self.bad_frames)
        yield _by_code("luochui_refund_alerts", "Alarms about refunds, soon or overdue.", self.refund_alerts)
        yield GaugeMetricFamily("luochui_writable", "1 while commands are taken.", int(self.is_writable))
        yield _gauges("luochui_refunds", "Refunds that have not left.", ["level"], self._refunds())
        replicas = [((name, state), behind) for name, state, behind, _ in self.replicas]
        yield _gauges("luochui_replica_lag_bytes", "Bytes behind.", ["replica", "sync_state"], replicas)
        delays = [((name, state), seconds) for name, state, _, seconds in self.replicas]
        yield _gauges("luochui_replica_lag_seconds", "Seconds behind.", ["replica", "sync_state"], delays)
        slots = [((name,), kept) for name, kept in self.slots]
        yield _gauges("luochui_slot_kept_bytes", "Bytes kept for a receiver.", ["slot"], slots)

    def _refunds(self) -> list[tuple[tuple[str], float]]:
        return [((level,), count) for level, count in self.refunds.items()]


def _by_code(name: str, documentation: str, counts: Counter[str]) -> CounterMetricFamily:
    return _by_label(name, documentation, "code", counts)


def _by_label(name: str, documentation: str, label: str, counts: Counter[str]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _gauges(
    name: str, documentation: str, labels: Sequence[str], values: Sequence[tuple[Sequence[str], float]]
) -> GaugeMetricFamily:
    """Return one family; where two sources share their labels, the greater value stands for both."""
    family = GaugeMetricFamily(name, documentation, labels=labels)
    greatest: dict[tuple[str, ...], float] = {}
    for each, value in values:
        greatest[tuple(each)] = max(value, greatest.get(tuple(each), value))
    for key, value in greatest.items():
        family.add_metric(key, value)
    return family
