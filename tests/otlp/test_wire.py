"""What OTLP calls things."""

from otx.model.signal import Signal
from otx.otlp.wire import SIGNAL_OF_PATH, WIRE


def test_services_and_paths_are_those_of_the_specification() -> None:
    assert {wire.grpc_method for wire in WIRE.values()} == {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
    }
    assert SIGNAL_OF_PATH == {
        "/v1/traces": Signal.TRACES,
        "/v1/metrics": Signal.METRICS,
        "/v1/logs": Signal.LOGS,
        "/v1development/profiles": Signal.PROFILES,
        "/v1/profiles": Signal.PROFILES,
    }


def test_every_response_counts_what_it_rejects() -> None:
    for wire in WIRE.values():
        fields = wire.response_class().DESCRIPTOR.fields_by_name["partial_success"]
        assert fields.message_type is not None
        assert wire.rejected_field in fields.message_type.fields_by_name


def test_counts_are_told_in_singular_and_plural() -> None:
    assert WIRE[Signal.TRACES].counted(1) == "1 span"
    assert WIRE[Signal.LOGS].counted(48210) == "48 210 log records"
