"""Why a thread waited, told by kernel stacks as they were seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.stack import Frame, Stack
from otx.profile.causes import (
    CAUSES,
    RUN_QUEUE,
    WAITING,
    cause_frame,
    cause_of,
    ends_of_wait,
    takes_gil,
    without_switch,
)
from otx.profile.records import RecordKind, SampleFlags, SampleRecord

SYSCALL = ("entry_SYSCALL_64_after_hwframe", "do_syscall_64")


def kernel(*names: str) -> Stack:
    return tuple(Frame(name, "kernel", module="kernel") for name in names)


def wait(value: int, lasted_ns: int, ready_ns: int, flags: int = 0) -> SampleRecord:
    return SampleRecord(
        *(1, 1, flags, 0, "shop", "shop", (), (), (), ()),
        kind=RecordKind.WAIT,
        value=value,
        lasted_ns=lasted_ns,
        ready_ns=ready_ns,
    )


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        (("__x64_sys_futex", "do_futex", "futex_wait", "futex_do_wait", "schedule"), "[lock]"),
        (("__x64_sys_clock_nanosleep", "hrtimer_nanosleep", "do_nanosleep"), "[sleep]"),
        (("ksys_read", "vfs_read", "anon_pipe_read", "schedule"), "[pipe]"),
        (("ksys_read", "vfs_read", "pipe_read", "schedule"), "[pipe]"),
        (("__sys_recvfrom", "unix_stream_recvmsg", "unix_stream_read_generic"), "[socket]"),
        (("inet_recvmsg", "tcp_recvmsg", "tcp_recvmsg_locked", "sk_wait_data"), "[socket]"),
        (("do_epoll_wait", "ep_poll", "schedule_hrtimeout_range"), "[poll]"),
        (("do_sys_poll", "do_poll.constprop.0", "poll_schedule_timeout"), "[poll]"),
        (("do_fsync", "ext4_sync_file", "submit_bio_wait", "io_schedule_timeout"), "[I/O]"),
        (("filemap_read", "folio_wait_bit_common", "io_schedule"), "[I/O]"),
        (("__do_sys_wait4", "kernel_wait4", "do_wait"), "[child process]"),
        (("asm_exc_page_fault", "filemap_fault", "io_schedule"), "[page fault]"),
        (("do_unlinkat", "down_write", "rwsem_down_write_slowpath"), "[kernel lock]"),
        (("arch_do_signal_or_restart", "get_signal", "do_signal_stop"), "[stopped]"),
        (("asm_sysvec_apic_timer_interrupt", "irqentry_exit_to_user_mode", "schedule"), RUN_QUEUE),
        (("something_new",), WAITING),
        ((), WAITING),
    ],
)
def test_the_innermost_known_function_tells_the_cause(names: tuple[str, ...], cause: str) -> None:
    assert cause_of(kernel(*SYSCALL, *names)) == cause


def test_frames_of_the_switch_itself_are_left_out() -> None:
    stack = kernel(*SYSCALL, "futex_wait", "schedule", "__schedule", "bpf_trace_run1", "bpf_prog")
    assert without_switch(stack) == stack[:4]
    assert without_switch(stack[:4]) == stack[:4]


def test_the_gil_is_taken_in_one_function() -> None:
    assert takes_gil([Frame("take_gil", "native"), Frame("pthread_cond_timedwait", "native")])
    assert not takes_gil([Frame("acquire_timed", "native")])


def test_time_between_being_woken_and_running_is_the_run_queues() -> None:
    stack = kernel(*SYSCALL, "do_nanosleep", "schedule", "__schedule")
    ends = ends_of_wait(wait(1000, 100, 25), stack, for_gil=False, shows_kernel=True)
    assert ends == [
        ((*stack[:-1], cause_frame("[sleep]")), 750),
        ((*stack[:-1], cause_frame(RUN_QUEUE)), 250),
    ]


def test_a_preempted_thread_waited_for_a_processor_only() -> None:
    record = wait(70, 70, 70, SampleFlags.WAS_RUNNABLE)
    ends = ends_of_wait(record, kernel("do_nanosleep"), for_gil=False, shows_kernel=False)
    assert ends == [((cause_frame(RUN_QUEUE),), 70)]


@given(st.integers(0, 1 << 62), st.integers(0, 1 << 40), st.integers(0, 1 << 62), st.booleans())
def test_no_nanosecond_of_a_wait_is_lost_or_made(
    value: int, lasted_ns: int, ready_ns: int, for_gil: bool
) -> None:
    ends = ends_of_wait(wait(value, lasted_ns, ready_ns), (), for_gil, shows_kernel=True)
    assert sum(part for _, part in ends) == value
    assert all(part > 0 for _, part in ends)


@given(st.lists(st.sampled_from(["futex_wait", "exc_page_fault", "do_nanosleep", "other"])))
def test_every_cause_is_among_those_that_are_known(names: list[str]) -> None:
    assert cause_of(kernel(*names)) in CAUSES
    assert {RUN_QUEUE, WAITING, "[GIL]", "[I/O]"} <= CAUSES
