"""Timer events on threads: what the kernel gives, and what it refuses."""

import errno
import os
import threading

import pytest

from otx.profile.perf.events import Looking, open_thread_event, threads_of

LOOKING = Looking(99, 128, False)


def test_an_event_on_a_thread_of_one_s_own() -> None:
    try:
        os.close(open_thread_event(0, 0, LOOKING))
    except OSError as error:
        pytest.skip(f"no perf events here: {error.strerror}")


@pytest.mark.parametrize(
    ("tid", "cpu", "looking", "number"),
    [
        (1 << 30, 0, LOOKING, errno.ESRCH),
        (0, 1 << 20, LOOKING, errno.ENODEV),
        (0, 0, Looking(99, 7, False), errno.EINVAL),
    ],
)
def test_what_the_kernel_refuses_is_told_by_its_number(
    tid: int, cpu: int, looking: Looking, number: int
) -> None:
    with pytest.raises(OSError) as refused:
        open_thread_event(tid, cpu, looking)
    assert refused.value.errno in (number, errno.EINVAL, errno.EACCES)


def test_threads_of_a_process_and_of_none() -> None:
    go = threading.Event()
    thread = threading.Thread(target=go.wait)
    thread.start()
    try:
        assert {os.getpid(), thread.native_id} <= set(threads_of(os.getpid()))
    finally:
        go.set()
        thread.join()
    assert threads_of(1 << 30) == []
