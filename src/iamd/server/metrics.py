"""Metrics in Prometheus' text format, counted in each worker and summed over all of them when they are asked for.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import mmap
import zlib
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator
from struct import Struct as Layout
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct

from iamd.server.trace import Trace

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

K = TypeVar("K", bound=Hashable)

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds


class Latency(Struct):
    """How long the requests of one operation took: how many fell into each bucket, the last one unbounded."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    sum: float = 0.0  # seconds


class Counters(Struct):
    """What one worker has counted since the server started. INVARIANT: keys are names iamd knows, so they are few."""

    requests: dict[tuple[str, str, str], int] = {}  # (service, operation, error code or OK)
    latencies: dict[tuple[str, str], Latency] = {}  # (service, operation)
    decisions: dict[str, int] = {}  # by outcome
    refused: dict[str, int] = {}  # before the pipeline, by error code
    connections: int = 0  # open now
    revision: int = 0  # the newest the worker has seen
    age: float | None = None  # seconds since that was known to be the newest of all; None of a store on this machine
    writable: bool = True  # as far as the worker knows

    def count(self, trace: Trace, seconds: float) -> None:
        """Count one answered request."""
        service, operation = trace.service or "", trace.operation or ""
        key = (service, operation, trace.error_code or "OK")
        self.requests[key] = self.requests.get(key, 0) + 1
        latency = self.latencies.get((service, operation))
        if latency is None:
            latency = self.latencies[service, operation] = Latency()
        latency.counts[bisect_left(BUCKETS, seconds)] += 1
        latency.sum += seconds
        if trace.decision is not None:
            self.decisions[trace.decision] = self.decisions.get(trace.decision, 0) + 1


class Board:
    """Memory that the workers share, a slot for each, where each publishes its counters.

    Made before the workers are forked. Counters of a worker that died are kept: the one that takes its place goes on
    from them.
    """

    _HEAD = Layout("<II")  # length and checksum: a reader sees when it read what was half written
    _SLOT = 1 << 20  # bytes; pages that are not written take no memory

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._memory = mmap.mmap(-1, workers * self._SLOT)

    def publish(self, worker: int, counters: Counters) -> None:
        """Show a worker's counters to the others."""
        data = msgspec.msgpack.encode(counters)
        if len(data) + self._HEAD.size <= self._SLOT:
            at = worker * self._SLOT
            content = self._HEAD.pack(len(data), zlib.crc32(data)) + data
            self._memory[at : at + len(content)] = content

    def read(self, worker: int) -> Counters:
        """A worker's counters as last published; empty before it published any."""
        at = worker * self._SLOT
        for _ in range(100):
            length, checksum = self._HEAD.unpack_from(self._memory, at)
            data = self._memory[at + self._HEAD.size : at + self._HEAD.size + length]
            if zlib.crc32(data) == checksum and data:
                return msgspec.msgpack.decode(data, type=Counters)
        return Counters()


def render(workers: dict[int, Counters], version: str, region: str | None = None) -> bytes:
    """The metrics of all workers as Prometheus reads them."""
    from prometheus_client.exposition import generate_latest  # takes 60 ms, so not at start
    from prometheus_client.registry import CollectorRegistry

    class Collector:
        def collect(self) -> Iterator[Metric]:
            return _metrics(workers, version, region)

    registry = CollectorRegistry()
    registry.register(Collector())
    return generate_latest(registry)


def _metrics(workers: dict[int, Counters], version: str, region: str | None) -> Iterator[Metric]:
    from prometheus_client.metrics_core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
        InfoMetricFamily,
    )

    yield InfoMetricFamily(
        "iamd", "The running server.", value={"version": version} | ({"region": region} if region else {})
    )

    requests = CounterMetricFamily(
        "iamd_requests", "Requests answered, by the error code or OK.", labels=["service", "operation", "code"]
    )
    for key, number in _sum(each.requests for each in workers.values()).items():
        requests.add_metric(key, number)
    yield requests

    latencies = HistogramMetricFamily(
        "iamd_request_seconds", "Time from the request's head to its answer.", labels=["service", "operation"]
    )
    for names in sorted({names for each in workers.values() for names in each.latencies}):
        parts = [each.latencies[names] for each in workers.values() if names in each.latencies]
        counts = [sum(column) for column in zip(*(part.counts for part in parts), strict=True)]
        bounds = [*map(str, BUCKETS), "+Inf"]
        cumulated = [(bound, float(sum(counts[: at + 1]))) for at, bound in enumerate(bounds)]
        latencies.add_metric(names, cumulated, sum_value=sum(part.sum for part in parts))
    yield latencies

    decisions = CounterMetricFamily("iamd_decisions", "Authorization decisions, by outcome.", labels=["outcome"])
    for outcome, number in _sum(each.decisions for each in workers.values()).items():
        decisions.add_metric([outcome], number)
    yield decisions

    refused = CounterMetricFamily(
        "iamd_refused", "Connections and requests refused for their size, form or slowness.", labels=["code"]
    )
    for code, number in _sum(each.refused for each in workers.values()).items():
        refused.add_metric([code], number)
    yield refused

    for name, documentation, of in (
        ("iamd_open_connections", "Open connections.", "connections"),
        ("iamd_replica_revision", "The newest revision of the store that a worker has seen.", "revision"),
        ("iamd_replica_age_seconds", "How long ago that was known to be the newest of all: the lag at most.", "age"),
        ("iamd_store_writable", "Whether the store takes writes, as far as a worker knows.", "writable"),
    ):
        gauge = GaugeMetricFamily(name, documentation, labels=["worker"])
        for worker, counters in workers.items():
            value = getattr(counters, of)
            if value is not None:
                gauge.add_metric([str(worker)], float(value))
        yield gauge

    # Every commit makes one revision, whoever wrote it; in etcd, so do others that use the cluster.
    revision = max((each.revision for each in workers.values()), default=0)
    yield CounterMetricFamily("iamd_store_commits", "Commits the store holds, of all time.", value=revision)


def _sum(parts: Iterable[dict[K, int]]) -> dict[K, int]:
    total: dict[K, int] = {}
    for part in parts:
        for key, number in part.items():
            total[key] = total.get(key, 0) + number
    return total
