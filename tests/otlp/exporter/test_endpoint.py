"""Where to send, by the rules of the exporter specification."""

import pytest

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.exporter.endpoint import parse_header, resolve_endpoint

GENERAL = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"


@pytest.mark.parametrize(
    ("flag", "variables", "protocol", "target", "origin"),
    [
        (None, {}, "http/protobuf", "http://localhost:4318/v1/traces", "default"),
        (None, {PROTOCOL: "grpc"}, "grpc", "localhost:4317", "default"),
        ("127.0.0.1:4317", {}, "grpc", "127.0.0.1:4317", "--endpoint"),
        ("collector", {}, "grpc", "collector:4317", "--endpoint"),
        ("unix:/run/otx", {}, "grpc", "unix:/run/otx", "--endpoint"),
        ("unix:///run/otx", {}, "grpc", "unix:/run/otx", "--endpoint"),
        ("http://c:4317", {}, "grpc", "c:4317", "--endpoint"),
        ("http://c:4318", {}, "http/protobuf", "http://c:4318/v1/traces", "--endpoint"),
        ("http://c", {}, "http/protobuf", "http://c/v1/traces", "--endpoint"),
        ("https://[::1]:4317", {}, "grpc", "[::1]:4317", "--endpoint"),
        ("http://c/v1/traces", {}, "http/protobuf", "http://c/v1/traces", "--endpoint"),
        # The base keeps its path, and the signal's own URL is used as it is.
        (None, {GENERAL: "http://c/own/"}, "http/protobuf", "http://c/own/v1/traces", GENERAL),
        (None, {TRACES: "http://c/own"}, "http/protobuf", "http://c/own", TRACES),
        (None, {TRACES: "http://c"}, "http/protobuf", "http://c", TRACES),
        (None, {TRACES: "http://a", GENERAL: "http://b"}, "http/protobuf", "http://a", TRACES),
        # A query stays behind the path.
        ("http://c:1?k=v", {}, "http/protobuf", "http://c:1/v1/traces?k=v", "--endpoint"),
        (None, {GENERAL: "http://c/own/?k=v"}, None, "http://c/own/v1/traces?k=v", GENERAL),
        (None, {TRACES: "http://c/own?k=v"}, None, "http://c/own?k=v", TRACES),
        # An empty variable is unset.
        (None, {TRACES: "", GENERAL: "http://b"}, "http/protobuf", "http://b/v1/traces", GENERAL),
        ("http://f", {GENERAL: "http://b"}, "http/protobuf", "http://f/v1/traces", "--endpoint"),
    ],
)
def test_the_strongest_says_where(
    flag: str | None, variables: dict[str, str], protocol: str | None, target: str, origin: str
) -> None:
    endpoint = resolve_endpoint(Signal.TRACES, variables, flag)
    expected = (protocol or "http/protobuf", target, origin)
    assert (endpoint.protocol, endpoint.target, endpoint.origin) == expected
    assert endpoint.is_secure == (flag or "").startswith("https")


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf", "http/json"])
@pytest.mark.parametrize("variable", [GENERAL, TRACES])
def test_a_scheme_in_capitals_is_as_secure(variable: str, protocol: str) -> None:
    endpoint = resolve_endpoint(Signal.TRACES, {variable: "HTTPS://c:1/v1/traces"}, None, protocol)
    assert endpoint.is_secure
    assert not endpoint.target.startswith("HTTPS")


def test_a_bare_host_is_http_where_that_is_asked_for() -> None:
    endpoint = resolve_endpoint(Signal.LOGS, {}, "c:4318", "http/json")
    assert endpoint.target == "http://c:4318/v1/logs"


def test_profiles_go_to_the_path_of_their_stability() -> None:
    endpoint = resolve_endpoint(Signal.PROFILES, {}, "http://c:4318")
    assert endpoint.target == "http://c:4318/v1development/profiles"


def test_headers_are_percent_decoded_and_flags_win() -> None:
    variables = {"OTEL_EXPORTER_OTLP_HEADERS": "Api-Key=a%20b, x = 1"}
    endpoint = resolve_endpoint(Signal.TRACES, variables, headers={"x": "2"})
    assert endpoint.headers == {"api-key": "a b", "x": "2"}


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_user_in_the_url_is_sent_as_a_header_and_shown_nowhere(protocol: str) -> None:
    url = "http://me:p%40ss:w%2Fd@c:4318/own?k=a@b"
    endpoint = resolve_endpoint(Signal.TRACES, {}, url, protocol)
    assert endpoint.headers == {"authorization": "Basic bWU6cEBzczp3L2Q="}
    shown = "c:4318" if protocol == "grpc" else "http://c:4318/own/v1/traces?k=a@b"
    assert endpoint.target == shown
    own = resolve_endpoint(Signal.TRACES, {}, url, protocol, headers={"authorization": "Bearer x"})
    assert own.headers == {"authorization": "Bearer x"}
    with pytest.raises(UsageError) as caught:
        resolve_endpoint(Signal.TRACES, {}, "http://me:secret@c:99999", protocol)
    assert "secret" not in caught.value.message


def test_a_user_before_a_bare_host_is_one_as_well() -> None:
    endpoint = resolve_endpoint(Signal.TRACES, {}, "me:pass@c:4317")
    assert (endpoint.target, endpoint.headers) == (
        "c:4317",
        {"authorization": "Basic bWU6cGFzcw=="},
    )
    assert resolve_endpoint(Signal.TRACES, {}, "unix:/run/me@host").target == "unix:/run/me@host"


def test_a_header_is_a_pair() -> None:
    assert parse_header("Authorization=Basic a=b") == ("authorization", "Basic a=b")
    with pytest.raises(UsageError):
        parse_header("=value")


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_a_socket_can_speak_http_and_has_no_proxy(protocol: str) -> None:
    variables = {"all_proxy": "http://proxy:3128"}
    found = resolve_endpoint(Signal.LOGS, variables, "unix:/run/otx", protocol)
    assert (found.protocol, found.target, found.proxy) == (protocol, "unix:/run/otx", "")
    assert not found.is_secure


@pytest.mark.parametrize(
    ("endpoint", "protocol", "said"),
    [
        ("ftp://c", None, "no http or https URL"),
        ("http://", None, "no http or https URL"),
        ("http://c:port", None, "is no endpoint"),
        ("unix:", "http/json", "names no socket"),
        ("unix://", None, "names no socket"),
        ("c:1", "thrift", "no protocol 'thrift'"),
    ],
)
def test_what_is_no_endpoint_is_said_so(endpoint: str, protocol: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        resolve_endpoint(Signal.TRACES, {}, endpoint, protocol)
