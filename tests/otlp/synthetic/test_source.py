"""Made-up telemetry of each signal, read back with the official messages."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData

from otx.model.signal import Signal
from otx.otlp.decode import decode_request
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.source import make_source
from otx.otlp.wire import WIRE, Generated

END = 1_790_000_000_000_000_000
BODY_KINDS = {
    *("string_value", "bool_value", "int_value", "double_value", "bytes_value"),
    *("array_value", "kvlist_value", None),
}
MODEST = st.integers(1, 60)


def request(signal: Signal, wanted: int, seed: int = 1, shape: Shape | None = None) -> Generated:
    """One request of exactly so many records, as `otx send` puts it together."""
    source = make_source(signal, shape or Shape(), random.Random(seed), 200, 4 << 20)
    parts = [source.head]
    records = 0
    while records < wanted:
        part, count = source.next(END, wanted - records)
        parts.append(part)
        records += count
    assert records == wanted
    return WIRE[signal].request_class.FromString(b"".join(parts))


@given(signal=st.sampled_from(list(Signal)), wanted=st.integers(1, 500), seed=st.integers(0, 99))
def test_there_are_exactly_as_many_as_were_wanted_and_nothing_is_odd(
    signal: Signal, wanted: int, seed: int
) -> None:
    body = request(signal, wanted, seed).SerializeToString()
    understood = decode_request(signal, body, "protobuf")
    assert understood.records == wanted
    assert understood.cautions == ()


@pytest.mark.parametrize("signal", list(Signal))
def test_the_same_seed_makes_the_same(signal: Signal) -> None:
    assert request(signal, 300, 7) == request(signal, 300, 7)
    assert request(signal, 300, 7) != request(signal, 300, 8)


def test_bodies_of_logs_are_of_every_type() -> None:
    data = request(Signal.LOGS, 600)
    kinds = {
        record.body.WhichOneof("value")
        for resource in data.resource_logs
        for record in resource.scope_logs[0].log_records
    }
    assert kinds == BODY_KINDS


def test_metrics_are_of_every_kind_with_exemplars() -> None:
    data = request(Signal.METRICS, 200)
    metrics = [it for resource in data.resource_metrics for it in resource.scope_metrics[0].metrics]
    kinds = {metric.WhichOneof("data") for metric in metrics}
    assert kinds == {"gauge", "sum", "histogram", "exponential_histogram", "summary"}
    assert {metric.sum.is_monotonic for metric in metrics if metric.HasField("sum")} == {
        True,
        False,
    }
    for metric in metrics:
        for point in metric.histogram.data_points:
            assert sum(point.bucket_counts) == point.count
            assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
            assert point.exemplars
        for point in metric.exponential_histogram.data_points:
            assert sum(point.positive.bucket_counts) + point.zero_count == point.count
            base = 2 ** (2**-point.scale)
            top = point.positive.offset + len(point.positive.bucket_counts)
            assert base ** (top - 1) < point.max <= base**top * 1.000001


def test_what_is_cumulative_grows_and_what_is_delta_goes_on_where_it_ended() -> None:
    source = make_source(Signal.METRICS, Shape(services=1), random.Random(1), 200, 4 << 20)
    totals: dict[str, int] = {}
    ended = 0
    for turn in range(20):
        body, _ = source.next(END + turn * 10**9, 199)
        (resource,) = MetricsData.FromString(body).resource_metrics
        for metric in resource.scope_metrics[0].metrics:
            if metric.name == "http.server.request.count":
                for point in metric.sum.data_points:
                    series = str(point.attributes)
                    assert point.as_int >= totals.get(series, 0)
                    totals[series] = point.as_int
            if metric.name == "http.server.request.duration":
                starts = {point.start_time_unix_nano for point in metric.histogram.data_points}
                assert not ended or starts == {ended}
                ended = metric.histogram.data_points[0].time_unix_nano


def test_full_requests_of_metrics_go_on_where_they_were() -> None:
    source = make_source(Signal.METRICS, Shape(services=3), random.Random(1), 200, 4 << 20)
    totals: dict[str, int] = {}
    exemplars: set[bytes] = set()
    begins: dict[str, int] = {}
    for turn, most in enumerate([200] * 600 + [7]):
        end = END + turn * 1_000_000
        body, count = source.next(end, most)
        data = MetricsData.FromString(body)
        assert count == most
        for resource in data.resource_metrics:
            service = resource.resource.attributes[0].value.string_value
            for metric in resource.scope_metrics[0].metrics:
                for point in metric.sum.data_points if metric.sum.is_monotonic else ():
                    series = service + str(point.attributes)
                    assert point.as_int >= totals.get(series, 0)
                    assert begins.setdefault(series, point.start_time_unix_nano) == (
                        point.start_time_unix_nano
                    )
                    assert 0 <= end - point.time_unix_nano < 1_000_000
                    totals[series] = point.as_int
                for bar in metric.histogram.data_points:
                    assert bar.start_time_unix_nano < bar.time_unix_nano
                    assert not exemplars & {it.trace_id + it.span_id for it in bar.exemplars}
                    exemplars |= {it.trace_id + it.span_id for it in bar.exemplars}
    assert len(totals) == 16, "of each operation what went well and what failed"
    assert min(totals.values()) > 600
    failed = sum(total for series, total in totals.items() if "error.type" in series)
    assert failed < sum(totals.values()) / 2


def test_stacks_of_profiles_lead_to_functions_and_texts() -> None:
    shape = Shape(services=3, depth=4, attributes={"team": "blue"})
    data = request(Signal.PROFILES, 170, shape=shape)
    words = data.dictionary
    depths = set()
    for resource in data.resource_profiles:
        for profile in resource.scope_profiles[0].profiles:
            for sample in profile.samples:
                stack = words.stack_table[sample.stack_index].location_indices
                lines = [words.location_table[at].lines[0] for at in stack]
                functions = [words.function_table[line.function_index] for line in lines]
                assert words.string_table[functions[-1].name_strindex] == "main"
                assert abs(sample.timestamps_unix_nano[0] - END) < 10**10
                attribute = words.attribute_table[sample.attribute_indices[0]]
                assert words.string_table[attribute.key_strindex] == "team"
                depths.add(len(stack))
    assert max(depths) == 8
