"""`otx receive` behind TLS and tokens, with the clients that people have: SDKs and curl."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

from otx.otlp.address import Address
from tests.conftest import CLI_TIMEOUT_S, RunCli, StartReceiver, wait_until
from tests.services.odd_servers import Certificate, make_certificate


@pytest.fixture(autouse=True)
def no_other_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the SDK's HTTP library would trust instead of what it is given."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


@pytest.fixture
def span() -> ReadableSpan:
    provider = TracerProvider()
    with provider.get_tracer("test").start_as_current_span("GET /cart") as span:
        pass
    assert isinstance(span, ReadableSpan)
    return span


def curl(url: str, *arguments: str) -> str:
    """The status code that curl gets, "000" for none."""
    asked = ["curl", "--silent", "--output", os.devnull, "--write-out", "%{http_code}"]
    sent = ["--header", "Content-Type: application/json", "--data", "{}", "--max-time", "20"]
    done = subprocess.run(
        [*asked, *sent, *arguments, f"{url}/v1/traces"], capture_output=True, text=True, check=False
    )
    return done.stdout


def test_sdk_and_curl_show_certificate_and_token(
    start_receiver: StartReceiver, certificate: Certificate, span: ReadableSpan, tmp_path: Path
) -> None:
    pem, key = certificate.certificate, certificate.key
    (tmp_path / "tokens").write_text("right-token\n")
    files = ["--tls-cert", pem, "--tls-key", key, "--client-ca", pem, "--token-file", "tokens"]
    receiver = start_receiver(*files)
    token = {"authorization": "Bearer right-token"}
    url = f"https://{receiver.http}"
    http = HttpExporter(
        f"{url}/v1/traces",
        certificate_file=pem,
        client_key_file=key,
        client_certificate_file=pem,
        headers=token,
    )
    assert http.export([span]) is SpanExportResult.SUCCESS
    shown = [Path(name).read_bytes() for name in (pem, key, pem)]
    credentials = grpc.ssl_channel_credentials(*shown)
    over_grpc = GrpcExporter(f"https://{receiver.grpc}", credentials=credentials, headers=token)
    assert over_grpc.export([span]) is SpanExportResult.SUCCESS
    trust, show = ["--cacert", pem], ["--cert", pem, "--key", key]
    assert curl(url, *trust, *show, "--oauth2-bearer", "right-token") == "200"
    assert curl(url, *trust, *show, "--oauth2-bearer", "wrong-token") == "401"
    assert curl(url, *trust, "--oauth2-bearer", "right-token") == "000"
    for exporter in (http, over_grpc):
        exporter.shutdown()
    receiver.stop()
    assert receiver.exit_code == 0
    said = "\n".join(receiver.said)
    assert "received traces 2 spans in 3 requests; refused 1 request" in said
    assert "refused 1 request: unauthenticated" in said
    assert "1 × TLS handshakes that failed: the client showed no certificate" in said
    assert "-token" not in said.replace("--token", "")


def test_hup_renews_the_certificate_and_the_tokens_renew_themselves(
    start_receiver: StartReceiver, certificate: Certificate, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("first-token\n")
    receiver = start_receiver(
        *("--tls-cert", certificate.certificate, "--tls-key", certificate.key),
        *("--token-file", str(tokens)),
    )
    url = f"https://{receiver.http}"
    after = make_certificate(tmp_path, "after")
    assert curl(url, "--cacert", after.certificate) == "000"
    Path(after.key).replace(certificate.key)
    Path(certificate.certificate).write_bytes(Path(after.certificate).read_bytes())
    tokens.write_text("other-token\n")
    os.kill(receiver.pid, signal.SIGHUP)
    wait_until(lambda: "read the certificates again" in "\n".join(receiver.said), "HUP is heard")
    wait_until(lambda: "read the tokens again" in "\n".join(receiver.said), "the tokens are read")
    trust = ["--cacert", after.certificate]
    assert curl(url, *trust, "--oauth2-bearer", "other-token") == "200"
    assert curl(url, *trust, "--oauth2-bearer", "first-token") == "401"


def test_a_client_that_sends_too_often_is_turned_away_and_shown(
    start_receiver: StartReceiver, tmp_path: Path
) -> None:
    receiver = start_receiver("--rate-limit", "1/m", "--print", "summary")
    url = f"http://{receiver.http}"
    assert curl(url) == "200"
    assert curl(url) == "429"
    printed = tmp_path / "printed"
    wait_until(lambda: "refused 1 request" in printed.read_text(), "the summary says so")
    receiver.stop()
    said = "\n".join(receiver.said)
    assert "refused a request: 127.0.0.1 sends more than --rate-limit" in said
    assert "  refused 1 request: rate limited" in said


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--tls-key", "key.pem"], "--tls-key and --client-ca need --tls-cert"),
        (["--tls-cert", "absent.pem"], "absent.pem: No such file or directory"),
        (["--token-file", "absent"], "cannot read the tokens of"),
        (["--rate-limit", "0/s"], "a --rate-limit of 0 lets nothing in"),
        (["--cors", "shop.example"], "'shop.example' is no origin"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_listens(
    run_cli: RunCli, arguments: list[str], what: str
) -> None:
    done = run_cli("receive", "--store", "none", *arguments)
    assert done.returncode == 2
    assert what in done.stderr
    assert "ready" not in done.stderr


@pytest.mark.parametrize("verbosity", ["", "INFO"])
def test_handshakes_that_fail_on_the_grpc_port_write_nothing_unless_wanted(
    start_receiver: StartReceiver, certificate: Certificate, verbosity: str
) -> None:
    receiver = start_receiver(
        *("--tls-cert", str(certificate.certificate), "--tls-key", str(certificate.key)),
        variables={"GRPC_VERBOSITY": verbosity} if verbosity else {},
    )
    where = Address.parse(receiver.grpc)
    for _ in range(3):
        with socket.create_connection((where.host, where.port), timeout=CLI_TIMEOUT_S) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while client.recv(4096):
                pass
    receiver.stop()
    assert any("ssl_transport_security" in line for line in receiver.said) == bool(verbosity)
