"""What a Collector says of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.services.agent.collector import read_build

TEXT = b"""
buildinfo:
    command: otelcol-peer
    version: 0.161.0
receivers:
    - name: otlp
      module: go.opentelemetry.io/collector/receiver/otlpreceiver v0.161.0
      stability: {logs: Stable}
    - nop
processors: []
"""


def test_a_build_is_read() -> None:
    build = read_build(TEXT)
    assert build is not None
    assert (build.name, build.version) == ("otelcol-peer", "0.161.0")
    receivers = build.components.components["receivers"].sub_component_map
    assert sorted(receivers) == ["nop", "otlp"]
    assert receivers["otlp"].metadata[0].key == "code.namespace"
    assert len(build.components.hash) == 32


def test_equal_builds_have_equal_hashes() -> None:
    first, second = read_build(TEXT), read_build(TEXT.replace(b"    - nop\n", b""))
    again = read_build(TEXT)
    assert first is not None
    assert second is not None
    assert again is not None
    assert first.components.hash == again.components.hash != second.components.hash


@pytest.mark.parametrize("text", [b"", b"words", b"- 1", b"a: [", b"\xff"])
def test_what_is_no_build_is_none(text: bytes) -> None:
    assert read_build(text) is None


@given(st.text(max_size=100))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    read_build(text.encode())
