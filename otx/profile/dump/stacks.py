"""What a dump is made of: a process's threads, where each is, and what it waits for."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.model.stack import Frame, Stack
from otx.profile.context.reader import TraceContext

State: TypeAlias = Literal[
    "running", "runnable", "sleeping", "blocked", "stopped", "traced", "idle", "dead"
]
"""`runnable` waits for a processor, `sleeping` for anything, `blocked` for what no signal ends."""

STATES: dict[str, State] = {
    "R": "runnable",
    "S": "sleeping",
    "D": "blocked",
    "T": "stopped",
    "t": "traced",
    "I": "idle",
    "Z": "dead",
    "X": "dead",
}
"""By the letter of /proc/PID/stat (proc(5)); a thread on a processor is `running`."""


Role: TypeAlias = Literal["function", "generator", "coroutine", "async generator"]


@dataclass(frozen=True, slots=True)
class Local:
    """A local variable and its value as it is shown."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class PythonCall(Frame):
    """A Python frame.

    Attributes:
        role: What kind of function it is.
        task: The asyncio task that it runs, by name; "" where it runs none.
        variables: None where they were not asked for.
    """

    role: Role = "function"
    task: str = ""
    variables: tuple[Local, ...] | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """What a thread waits for, as far as it is known; "" and 0 where it is not.

    Attributes:
        call: The system call by name.
        on: What it was called with: a file, the address of a lock.
        lock: The lock: the GIL, or a mutex by its address.
        holder: The thread that holds it, by id.
        channel: The kernel's function that it sleeps in.
    """

    call: str = ""
    on: str = ""
    lock: str = ""
    holder: int = 0
    channel: str = ""


NO_WAIT = Wait()


@dataclass(frozen=True, slots=True)
class ThreadStack:
    """One thread at one moment.

    Attributes:
        cpu_s: Processor time it used so far.
        stack: Root first, kernel frames last.
        is_whole: Whether the native stack reaches the thread's beginning.
        is_torn: Whether the thread ran while it was read: frames may not belong together.
        holds_gil: Whether it holds its interpreter's lock.
        context: The span that it works for, as it says itself; None where it does not.
    """

    tid: int
    name: str
    state: State
    cpu_s: float
    stack: Stack
    is_whole: bool = True
    is_torn: bool = False
    holds_gil: bool = False
    wait: Wait = NO_WAIT
    context: TraceContext | None = None


@dataclass(frozen=True, slots=True)
class ProcessDump:
    """A process's threads.

    Attributes:
        command: Its command line.
        runtime: The interpreter in it, such as `CPython 3.11`; "" where there is none.
        backend: How the threads were looked at: `bpf` or `proc`.
        took_ns: From the first look to the last.
        threads: By id, the main thread first.
    """

    pid: int
    comm: str
    command: str
    runtime: str
    backend: Literal["bpf", "proc"]
    took_ns: int
    time_unix_nano: int
    threads: tuple[ThreadStack, ...]
