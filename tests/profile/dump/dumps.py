"""A dump to be written: two threads at one place, one that runs, one that was read badly."""

from otx.model.stack import Frame
from otx.profile.context.reader import TraceContext
from otx.profile.dump.stacks import (
    Local,
    ProcessDump,
    PythonCall,
    ThreadStack,
    Wait,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
MAIN = PythonCall("<module>", "python", "/app/shop.py", 30, "shop.py", task="pay")
TOTAL = PythonCall(
    "Cart.total",
    "python",
    "/app/shop.py",
    12,
    "shop.py",
    "coroutine",
    variables=(Local("price", "7"), Local("n", "'x'")),
)
LOCK = Frame("pthread_mutex_lock", "native", module="libc.so.6")
FUTEX = Frame("futex_do_wait", "kernel", module="kernel")
WAIT = Wait("futex", "0x7f33", "mutex 0x7f33", 42, "futex_do_wait")

DUMP = ProcessDump(
    pid=42,
    comm="shop",
    command="python3 shop.py",
    runtime="CPython 3.11",
    backend="bpf",
    took_ns=4_100_000,
    time_unix_nano=1_790_000_000_000_000_000,
    threads=(
        ThreadStack(
            42,
            "shop",
            "running",
            1.25,
            (MAIN, TOTAL),
            holds_gil=True,
            context=TraceContext(TRACE, SPAN),
        ),
        ThreadStack(43, "worker", "sleeping", 0.5, (MAIN, LOCK, FUTEX), wait=WAIT),
        ThreadStack(44, "worker", "sleeping", 0.25, (MAIN, LOCK, FUTEX), wait=WAIT),
        ThreadStack(45, "gone\x1b[2J", "runnable", 0.0, (), is_whole=False, is_torn=True),
    ),
)
