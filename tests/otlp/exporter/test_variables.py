"""The variables of the exporter specification, one row a rule."""

import pytest

from otx.model.signal import Signal
from otx.otlp.exporter.endpoint import Security, resolve_endpoint
from otx.otlp.exporter.variables import COMPRESSIONS, Variables

P = "OTEL_EXPORTER_OTLP_"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, 10.0),
        ({f"{P}TIMEOUT": "2500"}, 2.5),
        ({f"{P}TIMEOUT": "2500", f"{P}LOGS_TIMEOUT": "100"}, 0.1),
        ({f"{P}TIMEOUT": "2500", f"{P}LOGS_TIMEOUT": ""}, 2.5),
        ({f"{P}TIMEOUT": "2500", f"{P}TRACES_TIMEOUT": "100"}, 2.5),
        ({f"{P}TIMEOUT": "10s"}, 10.0),
        ({f"{P}TIMEOUT": "0"}, 10.0),
    ],
)
def test_timeouts_are_whole_milliseconds(variables: dict[str, str], expected: float) -> None:
    said = Variables(Signal.LOGS, variables)
    assert said.timeout_s() == expected
    assert bool(said.warnings) == (variables.get(f"{P}TIMEOUT") in ("10s", "0"))


@pytest.mark.parametrize(
    ("variables", "expected", "warns"),
    [
        ({}, "", False),
        ({f"{P}COMPRESSION": "gzip"}, "gzip", False),
        ({f"{P}COMPRESSION": "gzip", f"{P}LOGS_COMPRESSION": "none"}, "none", False),
        ({f"{P}COMPRESSION": "snappy"}, "", True),
    ],
)
def test_an_unknown_compression_is_warned_about_and_ignored(
    variables: dict[str, str], expected: str, warns: bool
) -> None:
    said = Variables(Signal.LOGS, variables)
    assert said.choice("COMPRESSION", COMPRESSIONS) == expected
    assert bool(said.warnings) == warns


@pytest.mark.parametrize(
    ("variables", "flags", "secure"),
    [
        ({f"{P}ENDPOINT": "c:4317"}, Security(), False),
        ({f"{P}ENDPOINT": "c:4317", f"{P}INSECURE": "false"}, Security(), True),
        ({f"{P}ENDPOINT": "c:4317", f"{P}INSECURE": "TRUE"}, Security(), False),
        ({f"{P}ENDPOINT": "c:4317", f"{P}CERTIFICATE": "ca.pem"}, Security(), True),
        ({f"{P}ENDPOINT": "c:4317", f"{P}INSECURE": "false"}, Security(insecure=True), False),
        ({f"{P}ENDPOINT": "c:4317"}, Security(insecure=False), True),
        # A scheme beats INSECURE.
        ({f"{P}ENDPOINT": "http://c:4317", f"{P}INSECURE": "false"}, Security(), False),
        ({f"{P}ENDPOINT": "https://c:4317", f"{P}INSECURE": "true"}, Security(), True),
    ],
)
def test_tls_is_a_matter_of_the_scheme_then_of_insecure(
    variables: dict[str, str], flags: Security, secure: bool
) -> None:
    endpoint = resolve_endpoint(
        Signal.METRICS, {**variables, f"{P}PROTOCOL": "grpc"}, security=flags
    )
    assert endpoint.is_secure is secure


def test_certificates_are_those_of_the_signal_then_of_all_and_flags_win() -> None:
    variables = {
        f"{P}CERTIFICATE": "ca.pem",
        f"{P}METRICS_CERTIFICATE": "metrics-ca.pem",
        f"{P}CLIENT_CERTIFICATE": "cert.pem",
        f"{P}CLIENT_KEY": "key.pem",
    }
    endpoint = resolve_endpoint(Signal.METRICS, variables, security=Security(client_key="own.pem"))
    files = endpoint.certificate, endpoint.client_certificate, endpoint.client_key
    assert files == ("metrics-ca.pem", "cert.pem", "own.pem")


@pytest.mark.parametrize(
    ("text", "expected", "warns"),
    [
        ("a=1,b=2", {"a": "1", "b": "2"}, False),
        ("Api-Key = a%20b%2Cc , x=", {"api-key": "a b,c", "x": ""}, False),
        ("a=b=c", {"a": "b=c"}, False),
        ("a,b=2,=3", {"b": "2"}, True),
        ("", {}, False),
    ],
)
def test_headers_are_percent_decoded(text: str, expected: dict[str, str], warns: bool) -> None:
    said = Variables(Signal.TRACES, {f"{P}HEADERS": text})
    assert said.headers() == expected
    assert bool(said.warnings) == warns


def test_the_headers_of_a_signal_take_the_place_of_the_general_ones() -> None:
    variables = {f"{P}HEADERS": "a=1", f"{P}TRACES_HEADERS": "b=2"}
    assert Variables(Signal.TRACES, variables).headers() == {"b": "2"}


def test_an_unknown_protocol_is_warned_about_and_ignored() -> None:
    endpoint = resolve_endpoint(Signal.TRACES, {f"{P}PROTOCOL": "thrift"})
    assert endpoint.protocol == "http/protobuf"
    assert endpoint.warnings == (
        f"{P}PROTOCOL is 'thrift' and ignored: it is none of grpc, http/protobuf, http/json",
    )
