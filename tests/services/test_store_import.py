"""An import that ends at any step: nothing, or everything, and never twice."""

from pathlib import Path

import pytest

from otx.environment import Environment
from otx.errors import MachineError, UsageError
from otx.services import store_import
from otx.services.store_import import convert_now, import_file
from otx.store.durable import FileLock, make_directory, replace_durably
from otx.store.errors import StoreNewer
from otx.store.reader import Store
from tests.store.conftest import SpanRequest, span_request

__all__ = ["span_request"]


class _Gone(BaseException):
    """The process ends here."""


@pytest.fixture
def file(tmp_path: Path, span_request: SpanRequest) -> Path:
    path = tmp_path / "spans.pb"
    path.write_bytes(span_request("a", 3))
    return path


def _spans(store_dir: Path) -> int:
    return Store(store_dir).totals().spans


@pytest.mark.parametrize("step", range(2))
def test_a_crash_costs_nothing_and_doubles_nothing(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    store_dir, calls = tmp_path / "store", 0

    def replaced(path: Path, content: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls > step:
            raise _Gone
        replace_durably(path, content)

    environment = Environment.of_process()
    with monkeypatch.context() as patched:
        patched.setattr(store_import, "replace_durably", replaced)
        with pytest.raises(_Gone):
            import_file(environment, store_dir, str(file))
    # The first step ends before anything is shown, the second one after.
    assert _spans(store_dir) == (0, 3)[step]
    for is_new in (True, False):
        assert import_file(environment, store_dir, str(file)).is_new is is_new
        assert _spans(store_dir) == 3
    convert_now(store_dir)
    assert _spans(store_dir) == 3
    assert [path.name for path in (store_dir / "imports").glob("*.new")] == []


def test_a_store_of_a_later_format_is_left_as_it_is(tmp_path: Path, file: Path) -> None:
    store_dir = tmp_path / "store"
    make_directory(store_dir)
    (store_dir / "MANIFEST.json").write_text('{"format": 1000}')
    with pytest.raises(StoreNewer):
        import_file(Environment.of_process(), store_dir, str(file))
    assert [path.name for path in store_dir.iterdir()] == ["MANIFEST.json"]


def test_one_import_at_a_time(tmp_path: Path, file: Path) -> None:
    imports = tmp_path / "store" / "imports"
    make_directory(imports)
    lock = FileLock(imports / "lock")
    assert lock.acquire()
    with pytest.raises(MachineError, match="another import"):
        import_file(Environment.of_process(), tmp_path / "store", str(file))
    lock.release()


def test_a_file_without_telemetry_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    with pytest.raises(UsageError):
        import_file(Environment.of_process(), tmp_path / "store", str(tmp_path / "empty.jsonl"))


@pytest.mark.parametrize("name", ["imports", "imports/lock"])
def test_what_cannot_be_made_in_the_store_is_said(tmp_path: Path, file: Path, name: str) -> None:
    store_dir = tmp_path / "store"
    if name == "imports":
        make_directory(store_dir)
        (store_dir / name).write_bytes(b"")
    else:
        make_directory(store_dir / name)
    with pytest.raises(MachineError) as raised:
        import_file(Environment.of_process(), store_dir, str(file))
    assert str(store_dir / name) in raised.value.message
    assert "--store DIR" in raised.value.hint
    assert _spans(store_dir) == 0
