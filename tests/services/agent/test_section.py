"""The agent's own section of the local file."""

import pytest

from otx.errors import UsageError
from otx.services.agent.options import Supervised
from otx.services.agent.section import Section, read_section

WHOLE = b"""
agent:
  name: edge
  attributes: {env: prod, n: 1, on_call: true}
  heartbeat: 10s
  health: {url: "http://127.0.0.1:1/", window: 500ms, timeout: 3, observation: 1m}
  stop_timeout: 5s
  validate: [check, "{config}"]
  collector: true
  tls: {ca: a.pem, insecure: true}
  allow: {endpoints: [], directories: [/var], components: [otlp], exec: true, servers: [h]}
a: 1
"""


def test_everything_is_read() -> None:
    section = read_section(WHOLE, "f")
    assert (section.name, section.heartbeat_s, section.collector) == ("edge", 10, True)
    assert section.attributes == {"env": "prod", "n": "1", "on_call": "true"}
    timing = section.timing
    assert (timing.window_s, timing.health_s, timing.observation_s) == (0.5, 3.0, 60.0)
    assert (timing.stop_s, section.validate) == (5.0, ("check", "{config}"))
    assert section.tls == {"ca": "a.pem", "insecure": "true"}
    assert section.allowed.endpoints == ()
    assert section.allowed.directories == ("/var",)
    assert section.allowed.exec


@pytest.mark.parametrize("text", [b"", b"a: 1", b"[ini]\na = 1", b"just words"])
def test_without_a_section_the_usual_holds(text: bytes) -> None:
    assert read_section(text, "f") == Section()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("agent: 1", "f: agent: it is no map"),
        ("agent: {alow: {}}", "f: agent.alow: there is no such key"),
        ("agent: {allow: {directory: [/]}}", "f: agent.allow.directory: there is no such key"),
        ("agent: {allow: {directories: /}}", "f: agent.allow.directories: it is no list"),
        ("agent: {allow: {endpoints: }}", "f: agent.allow.endpoints: it is no list of texts"),
        ("agent: {validate: }", "f: agent.validate: it is no list of texts"),
        ("agent: {validate: [1]}", "f: agent.validate: it is no list of texts"),
        ("agent: {allow: {exec: 1}}", "neither true nor false"),
        ("agent: {health: {window: soon}}", "f: agent.health.window: 'soon' is no duration"),
        ("agent: {attributes: {a: [1]}}", "f: agent.attributes"),
        ("agent: {uid: [1]}", "f: agent.uid: it is none of own, assigned"),
        ("agent: {name: 1}", "f: agent.name: it is no text"),
        ("agent: {allow: {exec: false}}\nb: [", "f is no YAML"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(UsageError) as told:
        read_section(text.encode(), "f")
    assert message in told.value.message


def test_an_empty_validation_asks_nobody_and_none_asks_the_collector() -> None:
    words = ("otelcol", "--config", "{config}")
    assert read_section(b"agent: {validate: []}\n", "f").validate == ()
    assert read_section(b"agent: {}\n", "f").validate is None
    assert Supervised.of(words, (), None).validate == ()
    assert Supervised.of(words, None, None).validate[:2] == ("otelcol", "validate")
