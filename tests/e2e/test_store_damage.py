"""A store that is damaged, gone or not to be written, as a user meets it."""

from pathlib import Path

import pytest

from tests.conftest import RunCli


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_where_the_store_should_be_is_said(
    place: str, tmp_path: Path, run_cli: RunCli
) -> None:
    (tmp_path / "file").touch()
    done = run_cli("receive", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", place)
    assert done.returncode == 5, done.stderr
    assert "cannot make the store in" in done.stderr
    assert "--store DIR" in done.stderr


@pytest.mark.parametrize("command", [("compact",), ("import", "-")])
def test_a_store_that_cannot_be_written_is_said(
    command: tuple[str, ...], tmp_path: Path, run_cli: RunCli
) -> None:
    store = tmp_path / "store"
    for name in ("segments", "logs", "aside", "converter.lock"):
        (store / name).mkdir(parents=True)  # nobody may write a directory, root neither
    done = run_cli("store", *command, "--store", str(store))
    assert done.returncode in (2, 5), done.stderr
    assert "-o takes" not in done.stderr
    if command == ("compact",):
        assert "converter.lock: Is a directory" in done.stderr
        assert "--store DIR" in done.stderr
