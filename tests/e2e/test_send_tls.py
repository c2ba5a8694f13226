"""`otx send` over TLS that asks for a certificate, by flags and by variables."""

import json
from pathlib import Path

import pytest

from tests.conftest import RunCli
from tests.services.odd_servers import (
    Answer,
    Certificate,
    Said,
    grpc_server,
    http_server,
    make_certificate,
)


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


def test_flags_say_whom_to_trust_and_what_to_show(
    run_cli: RunCli, certificate: Certificate
) -> None:
    files = ["--ca", certificate.certificate, "--cert", certificate.certificate]
    files += ["--key", certificate.key, "--format", "json", "--count", "5"]
    context = certificate.server_context(asks=True)
    with http_server([Answer()], context) as (place, paths):
        sent = run_cli("send", "metrics", "--endpoint", f"https://{place}", *files)
        assert json.loads(sent.stdout)["accepted"] == 5, sent.stderr
        refused = run_cli("send", "metrics", "--endpoint", f"https://{place}")
        assert refused.returncode == 3
        assert "self-signed certificate" in refused.stderr
    assert paths == ["/v1/metrics"]
    with grpc_server([Said()], certificate, asks=True) as (place, calls):
        sent = run_cli("send", "logs", "--endpoint", place, *files)
        assert json.loads(sent.stdout)["accepted"] == 5, sent.stderr
    assert calls == ["/opentelemetry.proto.collector.logs.v1.LogsService/Export"]


def test_variables_say_it_as_well(run_cli: RunCli, certificate: Certificate) -> None:
    variables = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_INSECURE": "false",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": certificate.certificate,
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": certificate.certificate,
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": certificate.key,
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    }
    with grpc_server([Said()], certificate, asks=True) as (place, calls):
        sent = run_cli(
            *("send", "traces", "--count", "5"),
            variables={**variables, "OTEL_EXPORTER_OTLP_ENDPOINT": place},
        )
        assert sent.returncode == 0, sent.stderr
        assert f"accepted 5, rejected 0, retried 0 to {place} (grpc, from OTEL_" in sent.stdout
    assert len(calls) == 1


def test_a_key_without_its_certificate_is_an_argument_that_cannot_be_used(run_cli: RunCli) -> None:
    sent = run_cli("send", "traces", "--endpoint", "https://127.0.0.1:1", "--key", "absent.pem")
    assert sent.returncode == 2
    assert "a client's key needs its certificate" in sent.stderr
