"""Traces of a file are asked about as those of a store are."""

import io
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.errors import UsageError
from otx.services import store_input
from otx.services.store_input import open_traces
from otx.store.errors import StoreMissing
from otx.store.wal import LogWriter
from tests.services.small_requests import logs_request, spans_request


def test_a_file_is_a_store_for_as_long_as_it_is_read(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "spans.pb").write_bytes(spans_request("a", "b").body)
    with open_traces(environment, None, "spans.pb") as store:
        assert store.totals().spans == 2
        assert list((tmp_path / "tmp").iterdir())
    assert not list((tmp_path / "tmp").iterdir())


def test_stdin_is_read_too_and_what_is_no_span_left_out(environment: Environment) -> None:
    piped = replace(environment, stdin=io.BytesIO(spans_request("a").body))
    with open_traces(piped, None, "-") as store:
        assert store.totals().spans == 1


def test_a_store_is_opened_as_it_is(environment: Environment, tmp_path: Path) -> None:
    with LogWriter(tmp_path / "store") as log:
        request = spans_request("a")
        log.append(request.signal, request.body, 1).result()
    with open_traces(environment, str(tmp_path / "store"), None) as store:
        assert store.totals().spans == 1


def test_what_cannot_be_read_is_named(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "logs.pb").write_bytes(logs_request("a").body)
    with (
        pytest.raises(UsageError, match="holds no spans"),
        open_traces(environment, None, "logs.pb"),
    ):
        pass
    with pytest.raises(UsageError, match="exclude"), open_traces(environment, "s", "logs.pb"):
        pass
    with pytest.raises(StoreMissing), open_traces(environment, str(tmp_path / "none"), None):
        pass


def test_large_files_become_several_segments(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otx.store.conversion.BATCH_BYTES", 100)
    body = spans_request("a").body
    framed = len(body).to_bytes(4, "big") + body
    (tmp_path / "spans.pb").write_bytes(framed * 20)
    with store_input.open_traces(environment, None, "spans.pb") as store:
        assert store.totals().spans == 20
