"""Requests of metrics and profiles, the same for every run: what the store's benchmarks use.

Metrics as an SDK exports them: half counters and gauges, half histograms of fifteen buckets, three
attributes a point; one histogram point in ten has an exemplar. Profiles as a host profiler exports
them: a few hundred distinct stacks of some thirty frames, each sample by thread and process.
"""

import random

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint, NumberDataPoint

from benchmarks.corpus import ROUTES, SERVICES

POINTS_A_METRIC = 25
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
EXEMPLAR_SHARE = 0.1
STACKS = 300
FUNCTIONS = 1000
DEPTH = 30
THREADS = 16


def metric_request(seed: int, points: int, start_unix_nano: int) -> bytes:
    """One request of `points` data points, `POINTS_A_METRIC` in a metric."""
    rng = random.Random(seed)
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    group.resource.attributes.add(key="service.name").value.string_value = rng.choice(SERVICES)
    scope = group.scope_metrics.add()
    for number in range(points // POINTS_A_METRIC):
        metric = scope.metrics.add(name=f"http.server.metric.{number}", unit="s")
        for _ in range(POINTS_A_METRIC):
            if number % 2 == 0:
                _fill_histogram(metric.histogram.data_points.add(), start_unix_nano, rng)
            else:
                data = metric.sum if number % 4 == 1 else metric.gauge
                point = data.data_points.add(as_int=rng.randrange(10**6))
                _fill(point, start_unix_nano, rng)
    return request.SerializeToString()


def _fill(
    point: HistogramDataPoint | NumberDataPoint, start_unix_nano: int, rng: random.Random
) -> None:
    point.time_unix_nano = start_unix_nano
    point.start_time_unix_nano = start_unix_nano - 10**10
    for key, value in (
        ("http.route", rng.choice(ROUTES)),
        ("http.request.method", rng.choice(("GET", "POST"))),
        ("server.address", f"10.0.0.{rng.randrange(50)}"),
    ):
        point.attributes.add(key=key).value.string_value = value


def _fill_histogram(point: HistogramDataPoint, start_unix_nano: int, rng: random.Random) -> None:
    _fill(point, start_unix_nano, rng)
    point.bucket_counts.extend(rng.randrange(100) for _ in range(len(BOUNDS) + 1))
    point.explicit_bounds.extend(BOUNDS)
    point.count, point.sum = sum(point.bucket_counts), 9.5
    point.min, point.max = 0.001, 11.5
    if rng.random() < EXEMPLAR_SHARE:
        point.exemplars.add(
            time_unix_nano=start_unix_nano,
            as_double=rng.random(),
            trace_id=rng.randbytes(16),
            span_id=rng.randbytes(8),
        )


def profile_request(seed: int, samples: int, start_unix_nano: int) -> bytes:
    """One request of one profile with `samples` samples, of any stack in any thread."""
    rng = random.Random(seed)
    request = ExportProfilesServiceRequest()
    tables = request.dictionary
    names = [f"module_{n % 50}::function_{n}" for n in range(FUNCTIONS)]
    tables.string_table.extend(["", "cpu", "nanoseconds", "process.pid", "thread.id", *names])
    for table in (
        tables.mapping_table,
        tables.location_table,
        tables.function_table,
        tables.stack_table,
        tables.link_table,
        tables.attribute_table,
    ):
        table.add()
    for number in range(FUNCTIONS):
        tables.function_table.add(name_strindex=5 + number)
        tables.location_table.add().lines.add(function_index=number + 1)
    for _ in range(STACKS):
        locations = [rng.randrange(1, FUNCTIONS + 1) for _ in range(DEPTH)]
        tables.stack_table.add(location_indices=locations)
    for thread in range(THREADS):
        tables.attribute_table.add(key_strindex=3).value.int_value = 100 + thread // 4
        tables.attribute_table.add(key_strindex=4).value.int_value = 200 + thread
    profile = request.resource_profiles.add().scope_profiles.add().profiles.add()
    profile.time_unix_nano, profile.duration_nano = start_unix_nano, 10**10
    profile.sample_type.type_strindex, profile.sample_type.unit_strindex = 1, 2
    for _ in range(samples):
        thread = 2 * rng.randrange(THREADS)
        profile.samples.add(
            stack_index=rng.randrange(1, STACKS + 1),
            attribute_indices=[thread + 1, thread + 2],
            values=[10_101_010],
        )
    return request.SerializeToString()
