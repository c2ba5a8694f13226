"""What a server may not put into a configuration, and ways of hiding it."""

import pytest

from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.services.agent.policy import why_forbidden, why_not_there
from otx.services.agent.section import Allowed


def forbidden(text: str, allowed: Allowed = Allowed(), name: str = "") -> str:  # noqa: B008
    config = AgentConfigMap()
    config.config_map[name].body = text.encode()
    return why_forbidden(config, allowed)


FINE = """
receivers: {otlp: {protocols: {http: {endpoint: "0.0.0.0:4318", traces_url_path: /v1/traces}}}}
exporters: {otlphttp: {endpoint: "https://otlp.example.com", headers: {k: "${env:KEY}"}}}
extensions: {health_check: {endpoint: "localhost:13133", path: /health}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlphttp]}}}
"""


def test_an_ordinary_configuration_passes_every_list() -> None:
    assert forbidden(FINE) == ""
    lists = Allowed(
        endpoints=("otlp.example.com",),
        directories=("/var/log",),
        components=("otlp", "otlphttp", "health_check"),
    )
    assert forbidden(FINE, lists) == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("agent: {allow: {exec: true}}", "no server can change"),
        ("a: ${file:/etc/shadow}", "would read"),
        ("a: 'x${env:A}${https://h/x}'", "would read"),
        ("a: ${env:A}${FILE:/etc/shadow}", "would read"),
        ("a: ${${env:A}:/etc/shadow}", "would read"),
        ("${file:/x}: 1", ""),  # a key is no reference to a Collector
        ("receivers: {exec/x: {}}", "runs programs"),
        ("receivers: {'exec / 1': {}}", "runs programs"),
        ("receivers: {jmx: {jar_path: /x.jar}}", "runs programs"),
        ("receivers: {<<: {exec: {}}}", "merge keys"),
        ("'receivers::exec::command': x", "'::'"),
        ("a: !!binary JHtmaWxlOi9ldGMvc2hhZG93fQ==", "tag"),
        ("a: !other x", "tag"),
    ],
)
def test_what_no_server_may_send(text: str, reason: str) -> None:
    found = forbidden(text)
    assert reason in found
    assert bool(found) is bool(reason)
    assert not reason or "object 'x'" in forbidden(text, name="x")


@pytest.mark.parametrize(
    ("text", "allowed", "reason"),
    [
        ("exporters: {otlp: {endpoint: 'evil:4317'}}", Allowed(endpoints=("good:4317",)), "evil"),
        ("exporters: {otlp: {endpoint: 'good:1'}}", Allowed(endpoints=("good:4317",)), "good:1"),
        ("exporters: {otlp: {endpoint: 'a.good:1'}}", Allowed(endpoints=("*.good",)), ""),
        ("exporters: {otlp: {endpoint: 'http://good.evil'}}", Allowed(endpoints=("good",)), "evil"),
        (
            "extensions: {health_check: &e {endpoint: 'evil:1'}, opamp: *e}",
            Allowed(endpoints=()),
            "evil",
        ),
        ("receivers: {filelog: {include: [/etc/x]}}", Allowed(directories=("/var",)), "/etc/x"),
        ("receivers: {filelog: {include: [/var/../etc/x]}}", Allowed(directories=("/var",)), "etc"),
        ("receivers: {filelog: {include: [/variable/x]}}", Allowed(directories=("/var",)), "able"),
        ("receivers: {filelog: {include: [/var/log/*.log]}}", Allowed(directories=("/var",)), ""),
        ("exporters: {file: {path: ../x}}", Allowed(directories=("/var",)), "../x"),
        ("receivers: {hostmetrics: {}}", Allowed(components=("otlp",)), "hostmetrics"),
        ("receivers: {exec: {}}", Allowed(exec=True), ""),
    ],
)
def test_local_lists_restrict(text: str, allowed: Allowed, reason: str) -> None:
    found = forbidden(text, allowed)
    assert reason in found
    assert bool(found) is bool(reason)


def test_the_agent_moves_to_its_own_host_or_one_of_the_list() -> None:
    allowed = Allowed(servers=("*.example.com",))
    assert why_not_there("wss://h:1/x", "h", Allowed()) == ""
    assert why_not_there("", "h", Allowed()) == ""
    assert "other" in why_not_there("wss://other", "h", Allowed())
    assert why_not_there("wss://b.EXAMPLE.com", "h", allowed) == ""
    assert why_not_there("wss://example.com.evil", "h", allowed) != ""
