"""What OTTL is run on: a file, stdin or a store, and never two of them."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from otx.environment import Environment
from otx.errors import UsageError
from otx.model.signal import Signal
from otx.services.ottl_input import open_input, open_pieces
from otx.store.errors import StoreMissing
from otx.store.wal import LogWriter
from tests.services.small_requests import span_names, spans_request

CLOCK_UNIX_NANO = 1_790_000_000_000_000_000


class Keyboard(io.BytesIO):
    def isatty(self) -> bool:
        return True


def test_a_file_is_read_from_where_otx_was_started(
    environment: Environment, tmp_path: Path
) -> None:
    (tmp_path / "spans.pb").write_bytes(spans_request("a").body)
    (request,) = open_input(environment, "spans.pb", None, None)
    assert span_names(request) == ["a"]
    (piece,) = open_pieces(environment, "spans.pb", None, None)
    assert piece.place == "spans.pb"


@pytest.mark.parametrize("path", [None, "-"])
def test_stdin_is_read_where_no_file_is_named(environment: Environment, path: str | None) -> None:
    piped = replace(environment, stdin=io.BytesIO(spans_request("a").body))
    (piece,) = open_pieces(piped, path, None, None)
    assert piece.place == "stdin"


def test_a_terminal_holds_nothing_to_run_on(environment: Environment) -> None:
    with pytest.raises(UsageError, match="nothing to run on") as caught:
        open_pieces(replace(environment, stdin=Keyboard()), None, None, None)
    assert "--store" in caught.value.hint


def test_a_file_that_cannot_be_read_is_named(environment: Environment) -> None:
    with pytest.raises(UsageError, match=r"cannot read nowhere\.pb: No such file or directory"):
        list(open_pieces(environment, "nowhere.pb", None, None))


@pytest.mark.parametrize(("store", "since"), [("store", None), (None, "-5m"), ("store", "-5m")])
def test_a_file_and_a_store_exclude_each_other(
    environment: Environment, store: str | None, since: str | None
) -> None:
    with pytest.raises(
        UsageError, match=f"--in and {'--store' if store else '--since'} exclude each other"
    ):
        open_pieces(environment, "spans.pb", store, since)


def test_a_store_is_named_or_the_one_that_is_configured(
    environment: Environment, tmp_path: Path
) -> None:
    with LogWriter(tmp_path / "store") as log:
        log.append(Signal.TRACES, spans_request("a").body, 1).result(60)
    (request,) = open_input(environment, None, "store", None)
    assert span_names(request) == ["a"]
    configured = replace(environment, variables={"OTX_STORE": str(tmp_path / "store")})
    (request,) = open_input(configured, None, None, "1970-01-01T00:00:00Z")
    assert span_names(request) == ["a"]
    # The span is of 1970.
    assert list(open_input(configured, None, None, "-15m")) == []
    with pytest.raises(StoreMissing):
        open_input(environment, None, None, "-15m")


def test_since_has_to_be_a_time(environment: Environment) -> None:
    with pytest.raises(UsageError, match="soon"):
        open_pieces(environment, None, "store", "soon")


def test_of_a_store_only_what_is_wanted_is_read(environment: Environment, tmp_path: Path) -> None:
    with LogWriter(tmp_path / "store") as log:
        log.append(Signal.TRACES, spans_request("a").body, 1).result(60)
    assert list(open_pieces(environment, None, "store", None, [Signal.LOGS])) == []
