"""Samples with BCC: a program of its own, because BCC belongs to the system's Python.

It imports nothing of otx and is run as a file: `python3 helper.py`. Lines on stdin say what to do
(`watch PID FOLLOW`, `forget PID`, `rate HZ`, `tick 0|1`); records go to stdout in the layout of
bpf/sample.h, each behind its length. It ends with its stdin.

The C program touches no structure of the kernel's, so that headers of another version will do, and
needs no tracefs. So it tells only that a target forked; what came of it is found in /proc.
"""

from __future__ import annotations

import os
import re
import select
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

SAMPLE, EXEC, FORK, EXIT, LOST, SPENT = 1, 2, 3, 4, 254, 255
MAX_FRAMES = 127
LOOK = struct.Struct(f"<IIQIiiI16s16Q{MAX_FRAMES}Q{MAX_FRAMES}Q")
HEAD = struct.Struct("<IIIHHHHIQQQQQ16s16s16Q")
EVENT = struct.Struct("<IIIIQ")
LENGTH = struct.Struct("<I")
KERNEL_CUT, USER_CUT = 1, 2
POLL_MS = 50
PAGES = 256
STDIN, STDOUT, STDERR = 0, 1, 2
READ_SIZE = 1 << 16
TOP_WORDS = 16
NO_EVENT = (0, 0, 0, 0)  # value, lasted_ns, ready_ns and argument, which a tick has not
GENERATED = (
    "arch/x86/include/generated",
    "arch/x86/include/generated/uapi",
    "include",
    "include/generated/uapi",
)
DEBIAN = re.compile(r"^include (\S+)/Makefile", re.MULTILINE)

PROGRAM = r"""
#include <uapi/linux/ptrace.h>
#include <uapi/linux/bpf_perf_event.h>

struct look {
    u32 pid, tid;
    u64 ns;
    u32 cpu;
    s32 kernel, user;
    u32 reserved;
    char comm[16];
    u64 top[16];
    u64 kernel_stack[127];
    u64 user_stack[127];
};

struct change {
    u32 kind, pid, tid, reserved;
    u64 ns;
};

BPF_PERCPU_ARRAY(looking, struct look, 1);
BPF_PERCPU_ARRAY(spent, u64, 1);
BPF_HASH(targets, u32, u32, 8192);
BPF_PERF_OUTPUT(looks);
BPF_PERF_OUTPUT(changes);

int on_tick(struct bpf_perf_event_data *ctx)
{
    u64 id = bpf_get_current_pid_tgid(), *sum;
    u32 pid = id >> 32;
    int zero = 0;
    struct look *look;

    if (!targets.lookup(&pid))
        return 0;
    look = looking.lookup(&zero);
    if (!look)
        return 0;
    look->pid = pid;
    look->tid = (u32)id;
    look->ns = bpf_ktime_get_ns();
    look->cpu = bpf_get_smp_processor_id();
    bpf_get_current_comm(look->comm, sizeof(look->comm));
    look->kernel = bpf_get_stack(ctx, look->kernel_stack, sizeof(look->kernel_stack), 0);
    look->user = bpf_get_stack(ctx, look->user_stack, sizeof(look->user_stack), 256);
    if (!(ctx->regs.cs & 3) ||
        bpf_probe_read_user(look->top, sizeof(look->top), (void *)ctx->regs.sp))
        __builtin_memset(look->top, 0, sizeof(look->top));
    looks.perf_submit(ctx, look, sizeof(*look));
    sum = spent.lookup(&zero);
    if (sum)
        *sum += bpf_ktime_get_ns() - look->ns;
    return 0;
}

static void tell(void *ctx, u32 kind)
{
    u64 id = bpf_get_current_pid_tgid();
    struct change change = {.kind = kind, .pid = id >> 32, .tid = (u32)id};

    change.ns = bpf_ktime_get_ns();
    if (targets.lookup(&change.pid))
        changes.perf_submit(ctx, &change, sizeof(change));
}

RAW_TRACEPOINT_PROBE(sched_process_fork) { tell(ctx, 3); return 0; }
RAW_TRACEPOINT_PROBE(sched_process_exec) { tell(ctx, 2); return 0; }
RAW_TRACEPOINT_PROBE(sched_process_exit) { tell(ctx, 4); return 0; }
"""


def headers(source: str) -> tuple[str, list[str]]:
    """What BCC is to be told of kernel headers: its variable, and flags for the compiler.

    Debian keeps a kernel's headers in two directories; BCC knows one.
    """
    for own in (Path(source), Path(source) / "build"):
        try:
            common = DEBIAN.search((own / "Makefile").read_text())
        except OSError:
            continue
        if common and Path(common[1]).is_dir():
            return common[1], [f"-I{own / one}" for one in GENERATED]
    return source, []


def repack(raw: bytes) -> bytes:
    """A look as the record of a sample (struct sample of bpf/sample.h)."""
    pid, tid, ns, cpu, kernel, user, _, comm, *words = LOOK.unpack_from(raw)
    top, stacks = words[:TOP_WORDS], words[TOP_WORDS:]
    kernel, user = max(kernel, 0) // 8, max(user, 0) // 8
    flags = (KERNEL_CUT if kernel == MAX_FRAMES else 0) | (USER_CUT if user == MAX_FRAMES else 0)
    head = HEAD.pack(SAMPLE, pid, tid, kernel, user, 0, flags, cpu, ns, *NO_EVENT, comm, comm, *top)
    frames = stacks[:kernel] + stacks[MAX_FRAMES : MAX_FRAMES + user]
    return head + struct.pack(f"<{len(frames)}Q", *frames)


def children(pid: int, tid: int) -> list[int]:
    """The processes that a thread started."""
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{tid}/children").read_text().split()))
    except OSError:
        return []


class Helper:
    """The BCC program with its targets.

    Args:
        bcc: The system's module.
        out: Where records are written.
    """

    def __init__(self, bcc: Any, out: int) -> None:
        source, flags = headers(os.environ.get("BCC_KERNEL_SOURCE", ""))
        if source:
            os.environ["BCC_KERNEL_SOURCE"] = source
        self._bcc = bcc
        self._bpf = bcc.BPF(text=PROGRAM, cflags=flags)
        self._targets = self._bpf["targets"]
        self._rate = 0
        self._is_ticking = False
        self._follows: dict[int, bool] = {}
        self._out, self._told = out, bytearray()
        for name, told in (("looks", self._look), ("changes", self._change)):
            self._bpf[name].open_perf_buffer(told, page_cnt=PAGES, lost_cb=self._lose)

    def run(self) -> None:
        """Say that it samples, by an empty record, and do so until stdin ends."""
        self._told += LENGTH.pack(0)
        held = b""
        while True:
            self._write()
            self._bpf.perf_buffer_poll(timeout=POLL_MS)
            self._tell(EVENT.pack(SPENT, 0, 0, 0, sum(self._bpf["spent"][0])))
            if not select.select([STDIN], [], [], 0)[0]:
                continue
            said = os.read(STDIN, READ_SIZE)
            if not said:
                return
            *lines, held = (held + said).split(b"\n")
            for line in lines:
                self._obey(line.decode())

    def _look(self, cpu: int, data: Any, size: int) -> None:
        self._tell(repack(self._bcc.table.ct.string_at(data, size)))

    def _lose(self, count: int) -> None:
        self._tell(EVENT.pack(LOST, count, 0, 0, 0))

    def _change(self, cpu: int, data: Any, size: int) -> None:
        """Tell of a process that began, became another program or ended."""
        raw = self._bcc.table.ct.string_at(data, EVENT.size)
        kind, pid, tid, _, ns = EVENT.unpack(raw)
        if kind == FORK:
            for child in children(pid, tid) if self._follows.get(pid) else ():
                if child not in self._follows:
                    self._watch(child, True)
                    self._tell(EVENT.pack(FORK, child, pid, 0, ns))
        elif kind == EXEC or tid == pid:
            if kind == EXIT:
                self._forget(pid)
            self._tell(EVENT.pack(kind, pid, 0, 0, ns))

    def _tell(self, record: bytes) -> None:
        self._told += LENGTH.pack(len(record)) + record

    def _write(self) -> None:
        """Hand over what was told; otx may be busy, and its pipe full, for a while."""
        while self._told:
            del self._told[: os.write(self._out, self._told)]

    def _obey(self, line: str) -> None:
        word, *numbers = line.split()
        if word == "watch":
            self._watch(int(numbers[0]), numbers[1] == "1")
        elif word == "forget":
            self._forget(int(numbers[0]))
        elif word == "rate":
            self._rate = int(numbers[0])
            self._tick(True)
        elif word == "tick":
            self._tick(numbers[0] == "1")

    def _watch(self, pid: int, follow: bool) -> None:
        self._follows[pid] = follow
        self._targets[self._targets.Key(pid)] = self._targets.Leaf(1)

    def _forget(self, pid: int) -> None:
        if self._follows.pop(pid, None) is not None:
            with suppress(KeyError):
                del self._targets[self._targets.Key(pid)]

    def _tick(self, ticking: bool) -> None:
        """Attach the timers at the rate there is now, or detach them."""
        clock = {
            "ev_type": self._bcc.PerfType.SOFTWARE,
            "ev_config": self._bcc.PerfSWConfig.CPU_CLOCK,
        }
        if self._is_ticking:
            self._bpf.detach_perf_event(**clock)
        if ticking:
            self._bpf.attach_perf_event(**clock, fn_name="on_tick", sample_freq=self._rate)
        self._is_ticking = ticking


def main() -> None:
    """Compile, attach and sample."""
    import bcc  # type: ignore[import-not-found]  # it is the system's Python that has it

    out = os.dup(STDOUT)
    os.dup2(STDERR, STDOUT)  # BCC says there what it misses
    with suppress(BrokenPipeError):  # otx has ended
        Helper(bcc, out).run()


if __name__ == "__main__":
    main()
