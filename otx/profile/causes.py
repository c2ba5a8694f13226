"""Why a thread was not on a processor, told by the kernel functions it waited in.

Functions are looked through from the innermost one on, because that is nearest to what was waited
for: a read of a pipe sleeps in `pipe_read`, whoever called that. Two things are told by functions
further out, since what they wait in is used by others as well: page faults, and signals that stop.
Names are those of Linux 5.17 to 6.18; a name here also stands for those that begin with it.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from otx.model.stack import Frame, Stack
from otx.profile.records import SampleFlags, SampleRecord

RUN_QUEUE = "[run queue]"
"""It could run and no processor was free: woken and not yet there, or preempted."""
GIL = "[GIL]"
"""It waited for CPython's global interpreter lock."""
LOCK = "[lock]"
WAITING = "[waiting]"
"""No function here says for what."""

_OUTERMOST: Mapping[str, str] = {
    "exc_page_fault": "[page fault]",
    "asm_exc_page_fault": "[page fault]",
    "do_user_addr_fault": "[page fault]",
    "do_signal_stop": "[stopped]",
    "ptrace_stop": "[stopped]",
    "do_jobctl_trap": "[stopped]",
    "__refrigerator": "[stopped]",
}
_CAUSES: Mapping[str, tuple[str, ...]] = {
    # Of what was preempted before the profile began only the stack says so.
    RUN_QUEUE: (
        *("irqentry_exit", "exit_to_user_mode", "syscall_exit_to_user_mode", "preempt_schedule"),
        *("__cond_resched", "do_sched_yield"),
    ),
    LOCK: ("futex_wait", "__futex_wait", "futex_lock_pi", "futex_do_wait"),
    "[sleep]": ("do_nanosleep", "hrtimer_nanosleep"),
    "[poll]": ("ep_poll", "do_epoll_wait", "do_poll", "do_sys_poll", "do_select", "io_cqring_wait"),
    "[pipe]": ("pipe_", "anon_pipe_", "fifo_open", "wait_for_partner"),
    "[socket]": (
        *("unix_stream_", "unix_dgram_", "unix_wait_", "unix_accept", "sk_wait_", "sk_stream_"),
        *("inet_csk_", "inet_wait_", "inet_stream_", "tcp_", "udp_", "__skb_wait_"),
        *("__skb_recv_", "sock_alloc_send_", "wait_for_connect", "netlink_", "vsock_"),
    ),
    "[child process]": ("do_wait", "kernel_wait4", "wait_for_vfork_done", "kernel_clone"),
    "[terminal]": ("n_tty_", "tty_"),
    "[signal]": ("do_sigtimedwait", "sigsuspend", "__x64_sys_pause", "__do_sys_pause"),
    "[event]": ("eventfd_read", "timerfd_read", "inotify_read", "signalfd_"),
    "[kernel lock]": (
        *("__mutex_lock", "mutex_lock", "rwsem_down_", "down_read", "down_write", "__down"),
        *("percpu_rwsem_wait", "__percpu_down_read", "rt_mutex_", "ww_mutex_", "synchronize_"),
    ),
    "[I/O]": (
        *("io_schedule", "folio_wait_", "wait_on_page", "__wait_on_buffer", "submit_bio_wait"),
        *("blk_", "__blk_", "bio_", "jbd2_", "rq_qos_wait", "wbt_wait", "balance_dirty_pages"),
        *("filemap_", "__iomap_dio", "iomap_dio", "nfs_", "fuse_", "request_wait_answer"),
        *("virtio", "nvme_", "xfs_", "ext4_", "btrfs_"),
    ),
}
CAUSES = frozenset((GIL, WAITING, *_OUTERMOST.values(), *_CAUSES))
"""The names of all frames that stand for a cause."""
_BY_NAME = tuple((name, cause) for cause, names in _CAUSES.items() for name in names)
_SWITCH = "__schedule"


def cause_of(kernel: Stack) -> str:
    """The cause that kernel frames, root first, tell of."""
    for frame in kernel:
        if frame.name in _OUTERMOST:
            return _OUTERMOST[frame.name]
    return next(filter(None, map(_cause_by, (it.name for it in reversed(kernel)))), WAITING)


@lru_cache(8192)
def _cause_by(function: str) -> str:
    """The cause that a kernel function tells of; "" where it tells none."""
    return next((cause for name, cause in _BY_NAME if function.startswith(name)), "")


def ends_of_wait(
    record: SampleRecord, kernel: Stack, for_gil: bool, shows_kernel: bool
) -> list[tuple[Stack, int]]:
    """What stands below a waiting thread's user frames, root first, and the value of each.

    That is the kernel's frames and a cause. Where the thread was woken and no processor was free,
    there are two: the time it could have run is apart.

    Args:
        record: The wait.
        kernel: The kernel's frames, root first.
        for_gil: Whether it waited for the GIL.
        shows_kernel: Whether the kernel's frames are wanted.
    """
    waited_in = without_switch(kernel)
    shown = waited_in if shows_kernel else ()
    if record.flags & SampleFlags.WAS_RUNNABLE:
        return [((*shown, cause_frame(RUN_QUEUE)), record.value)]
    lasted_ns = max(record.lasted_ns, 1)
    ready = record.value * min(record.ready_ns, lasted_ns) // lasted_ns
    cause = GIL if for_gil else cause_of(waited_in)
    shares = ((cause, record.value - ready), (RUN_QUEUE, ready))
    return [((*shown, cause_frame(name)), value) for name, value in shares if value]


def without_switch(kernel: Stack) -> Stack:
    """Kernel frames, root first, up to where another thread was switched to."""
    for depth, frame in enumerate(kernel):
        if frame.name == _SWITCH:
            return kernel[:depth]
    return kernel


def takes_gil(native: Iterable[Frame]) -> bool:
    """Whether native frames are in CPython's function that waits for the GIL."""
    return any(frame.name == "take_gil" for frame in native)


def cause_frame(cause: str) -> Frame:
    """The frame that stands for a cause, at the leaf."""
    return Frame(cause, "native")
