"""One receiver a store, and others can see which."""

import os
from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.store.layout import Layout, ReceiverLock


def test_a_second_receiver_is_refused_by_name(store_dir: Path) -> None:
    assert ReceiverLock.holder(store_dir) is None
    with ReceiverLock(store_dir) as lock:
        lock.announce("127.0.0.1:4317", "127.0.0.1:4318")
        holder = ReceiverLock.holder(store_dir)
        assert holder is not None
        assert (holder.pid, holder.grpc, holder.http) == (
            os.getpid(),
            "127.0.0.1:4317",
            "127.0.0.1:4318",
        )
        with pytest.raises(MachineError, match=f"process {os.getpid()} already receives"):
            ReceiverLock(store_dir).claim()
        assert ReceiverLock.holder(store_dir) == holder, "looking must not take the lock"
    assert ReceiverLock.holder(store_dir) is None, "the file alone means nothing"
    with ReceiverLock(store_dir):
        holder = ReceiverLock.holder(store_dir)
        assert holder is not None
        assert holder.grpc == ""


def test_a_directory_is_a_store_once_something_is_kept(store_dir: Path) -> None:
    layout = Layout(store_dir)
    assert not layout.is_there()
    layout.create()
    assert layout.is_there()
