"""The runtime context by itself: OpenTelemetry's API, whoever keeps the contexts."""

import os
import tomllib
from pathlib import Path

import pytest

from tests.context.conftest import ROOT, Run

pytest.importorskip("opentelemetry.context")

HEAD = """
from opentelemetry import context, trace
from otx.context import runtime
from otx.context.current import native
"""


def test_installing_twice_is_once_and_contexts_attached_before_are_still_current(run: Run) -> None:
    run(
        HEAD
        + """
token = context.attach(context.set_value("before", 1))
runtime.install()
installed = context._RUNTIME_CONTEXT
runtime.install()
assert context._RUNTIME_CONTEXT is installed
assert context.get_value("before") == 1
context.detach(token)
assert context.get_value("before") is None
"""
    )


def test_a_context_without_a_span_shows_none(run: Run) -> None:
    run(
        HEAD
        + """
runtime.install()
span = trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=True))
with trace.use_span(span):
    assert native().published()[23] == 2
    token = context.attach(context.Context())
    assert native().published() is None
    context.detach(token)
    assert native().published()[23] == 2
"""
    )


def test_a_variable_is_enough_for_a_program_that_uses_the_api(run: Run, tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    package = tmp_path / "installed-1.dist-info"
    package.mkdir()
    package.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: installed\nVersion: 1\n")
    (said,) = project["entry-points"]["opentelemetry_context"].items()
    entry = f"[opentelemetry_context]\n{said[0]} = {said[1]}\n"
    package.joinpath("entry_points.txt").write_text(entry)
    run(
        HEAD
        + """
with trace.use_span(trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=True))):
    assert native().published()[23] == 2
""",
        OTEL_PYTHON_CONTEXT="otx",
        PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}",
    )
