"""Every failure that `--probe` names, against a server that fails so."""

import socket
from collections.abc import Mapping
from pathlib import Path

import grpc
import pytest

from otx.model.signal import Signal
from otx.otlp.exporter.endpoint import Endpoint, Protocol, Security, resolve_endpoint
from otx.services.send_probe import Tried, probe
from tests.services.odd_servers import (
    Answer,
    Certificate,
    Said,
    grpc_server,
    http_server,
    make_certificate,
)

HTTP: Protocol = "http/protobuf"
TIMEOUT_S = 30.0


def tried(
    place: str,
    protocol: Protocol = HTTP,
    variables: Mapping[str, str] | None = None,
    security: Security | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Tried:
    """What is found for traces; the other signals have to be alike."""
    found = variables or {}

    def endpoint_of(signal: Signal, chosen: Protocol) -> Endpoint:
        return resolve_endpoint(
            signal, found, place or None, chosen, security=security or Security()
        )

    results = list(probe(endpoint_of, (protocol,), "none", timeout_s, found))
    assert [one.signal for one in results] == list(Signal)
    assert len({one.diagnosis.cause for one in results}) == 1
    return results[0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificates"))


def trusting(certificate: Certificate) -> Security:
    return Security(certificate=certificate.certificate)


def showing(certificate: Certificate) -> Security:
    return Security(None, certificate.certificate, certificate.certificate, certificate.key)


def test_what_works_is_said_so() -> None:
    with http_server([Answer()]) as (place, paths):
        assert tried(f"http://{place}").is_accepted
    assert paths[-1] == "/v1development/profiles"
    with grpc_server([Said()]) as (place, calls):
        assert tried(place, "grpc").is_accepted
    assert len(calls) == 4


def test_a_name_without_an_address() -> None:
    for protocol in (HTTP, "grpc"):
        found = tried("http://no-such-host.invalid:4318", protocol)
        assert found.diagnosis.cause == "dns"
        assert found.diagnosis.text.startswith("no-such-host.invalid:4318 has no address")


def test_a_port_on_which_nobody_listens() -> None:
    for protocol in (HTTP, "grpc"):
        found = tried("http://127.0.0.1:1", protocol)
        assert found.diagnosis.cause == "unreachable"
        assert "127.0.0.1:1: Connection refused" in found.diagnosis.text


def test_plain_text_to_a_port_with_tls(certificate: Certificate) -> None:
    with http_server([Answer()], certificate.server_context()) as (place, _):
        found = tried(f"http://{place}")
        assert found.diagnosis.cause == "plain_to_tls"
        assert found.diagnosis.hint == f"--endpoint https://{place}"
    with grpc_server([Said()], certificate) as (place, _):
        assert tried(place, "grpc").diagnosis.cause == "plain_to_tls"


def test_tls_to_a_port_with_plain_text() -> None:
    with http_server([Answer()]) as (place, _):
        assert tried(f"https://{place}").diagnosis.cause == "tls_to_plain"
        assert tried(f"https://{place}", "grpc").diagnosis.cause == "tls_to_plain"
    with grpc_server([Said()]) as (place, _):
        assert tried(f"https://{place}", "grpc").diagnosis.cause == "tls_to_plain"


def test_grpc_to_an_http_port_and_http_to_a_grpc_port() -> None:
    with http_server([Answer()]) as (place, _):
        assert tried(place, "grpc").diagnosis.cause == "grpc_to_http"
    with grpc_server([Said()]) as (place, _):
        found = tried(f"http://{place}")
        assert found.diagnosis.cause == "http_to_grpc"
        assert "--protocol grpc" in found.diagnosis.hint


def test_a_certificate_that_is_not_trusted(certificate: Certificate) -> None:
    with http_server([Answer()], certificate.server_context()) as (place, _):
        found = tried(f"https://{place}")
        assert found.diagnosis.cause == "certificate"
        assert "self-signed certificate" in found.diagnosis.text
        assert tried(f"https://{place}", security=trusting(certificate)).is_accepted
    with grpc_server([Said()], certificate) as (place, _):
        assert tried(f"https://{place}", "grpc").diagnosis.cause == "certificate"
        assert tried(place, "grpc", security=trusting(certificate)).is_accepted


def test_a_client_that_shows_no_certificate(certificate: Certificate) -> None:
    context = certificate.server_context(asks=True)
    with http_server([Answer()], context) as (place, _):
        found = tried(f"https://{place}", security=trusting(certificate))
        assert found.diagnosis.cause == "client_certificate"
        assert tried(f"https://{place}", security=showing(certificate)).is_accepted
    with grpc_server([Said()], certificate, asks=True) as (place, _):
        found = tried(place, "grpc", security=trusting(certificate))
        assert found.diagnosis.cause == "client_certificate"
        assert tried(place, "grpc", security=showing(certificate)).is_accepted


def test_a_port_whose_alpn_has_no_h2(certificate: Certificate) -> None:
    with http_server([Answer()], certificate.server_context()) as (place, _):
        found = tried(place, "grpc", security=trusting(certificate))
    assert found.diagnosis.cause == "alpn"
    assert "picks http/1.1 by ALPN, gRPC needs h2" in found.diagnosis.text


@pytest.mark.parametrize(
    ("status", "cause"),
    [(401, "auth"), (403, "auth"), (404, "path"), (405, "path"), (307, "redirect")],
)
def test_what_http_refuses_with(status: int, cause: str) -> None:
    with http_server([Answer(status, (("Location", "http://elsewhere/"),))]) as (place, _):
        found = tried(f"http://{place}")
    assert found.diagnosis.cause == cause
    assert f"HTTP {status}" in found.diagnosis.text
    assert found.diagnosis.hint


def test_a_variable_of_a_signal_that_lacks_the_path() -> None:
    with http_server([Answer(404)]) as (place, _):
        names = [f"OTEL_EXPORTER_OTLP_{signal.name}_ENDPOINT" for signal in Signal]
        found = tried("", HTTP, dict.fromkeys(names, f"http://{place}"))
    assert found.endpoint.target == f"http://{place}"
    assert found.diagnosis.hint == f"{names[0]} is used as it is: it needs the whole path"


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "auth"),
        (grpc.StatusCode.PERMISSION_DENIED, "auth"),
        (grpc.StatusCode.UNIMPLEMENTED, "path"),
        (grpc.StatusCode.INVALID_ARGUMENT, "refused"),
        (grpc.StatusCode.ABORTED, "busy"),
    ],
)
def test_what_grpc_refuses_with(code: grpc.StatusCode, cause: str) -> None:
    with grpc_server([Said(code, "because")]) as (place, _):
        found = tried(place, "grpc")
    assert found.diagnosis.cause == cause
    assert found.diagnosis.text == f"{code.name}: because"


def test_a_proxy_that_is_dead() -> None:
    variables = {"http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    for url in ("http://198.51.100.1:4318", "https://198.51.100.1:4318"):
        found = tried(url, variables=variables)
        assert found.diagnosis.cause == "proxy"
        assert "the proxy http://127.0.0.1:1 (http" in found.diagnosis.text
        assert "Connection refused" in found.diagnosis.text


def test_a_proxy_that_lives_is_told_the_whole_url() -> None:
    with http_server([Answer()]) as (place, paths):
        found = tried("http://198.51.100.1:4318", variables={"http_proxy": f"http://{place}"})
        assert found.is_accepted
    assert paths[0] == "http://198.51.100.1:4318/v1/traces"


def test_a_server_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = tried(f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=0.1)
    assert found.diagnosis.cause == "no_answer"
    assert "timed out" in found.diagnosis.text


def test_files_that_are_no_certificates_are_errors(tmp_path: Path) -> None:
    from otx.errors import UsageError

    (tmp_path / "text.pem").write_text("hello")
    for security, said in (
        (Security(certificate=str(tmp_path / "text.pem")), "cannot use .*text.pem"),
        (Security(certificate=str(tmp_path / "absent.pem")), "cannot read .*absent.pem"),
        (Security(client_key="absent.pem"), "a client's key needs its certificate"),
    ):
        with pytest.raises(UsageError, match=said):
            tried("https://127.0.0.1:1", security=security)
