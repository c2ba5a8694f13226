"""What is counted of samples, and whether a stack is whole."""

from collections import Counter

from otx.model.stack import Frame
from otx.profile.merge import is_evaluation_loop
from otx.profile.records import SampleFlags, SampleRecord

_CUT = int(SampleFlags.KERNEL_CUT | SampleFlags.PYTHON_CUT)
_USER_CUT, _PYTHON_FAULT = int(SampleFlags.USER_CUT), int(SampleFlags.PYTHON_FAULT)
_NO_STATE = int(SampleFlags.PYTHON_FAULT | SampleFlags.PYTHON_ABSENT)
_THREAD_ROOTS = frozenset(
    ("_start", "main", "clone", "clone3", "__clone", "__clone3", "start_thread", "_dl_start_user")
)
TRUNCATED = Frame("[truncated]", "native")
"""Stands at the root of a stack whose own root was not reached because it is too deep."""

_USER_TABLES = int(SampleFlags.USER_TABLES)
_NOWHERE = "no code"
"""Where a walk began that found not even its first function."""
_MOST_TOLD = 100

_C_LIBRARY = ("libc.so", "libc-", "libpthread", "ld-linux")


class Tally:
    """What is counted of samples as they come."""

    def __init__(self) -> None:
        self.samples = 0
        self.truncated = 0
        self.unwound_fully = 0
        self.not_found = 0
        self.before_tables = 0
        self._broken_in: Counter[str] = Counter()

    def count(
        self, record: SampleRecord, native: list[Frame], whole: bool, *, lacked_table: bool
    ) -> bool:
        """Count one sample; whether its stack is cut.

        Args:
            record: One look at one thread.
            native: Its user frames, root first.
            whole: Whether they reach its root.
            lacked_table: Whether the walk ended for want of a table that is being built.

        User frames are cut only where all of them are frames: a walk along frame pointers that
        are none may pick up any number of words. A thread without a thread state is no loss where
        it runs no Python: native threads in a Python process, or a process that only starts, whose
        states may not even be readable yet.
        """
        flags = record.flags
        self.samples += 1
        user_cut = flags & _USER_CUT and len(native) >= len(record.user)
        is_cut = bool(flags & _CUT or user_cut)
        self.truncated += is_cut
        self.unwound_fully += whole or not record.user
        if record.user and not whole and not is_cut and flags & _USER_TABLES:
            self._broken_in[native[0].module if native else _NOWHERE] += 1
            self.before_tables += lacked_table
        if flags & _NO_STATE:
            is_unsure = flags & _PYTHON_FAULT and not whole
            self.not_found += bool(is_unsure or any(map(is_evaluation_loop, native)))
        return is_cut

    def broken_in(self) -> tuple[str, ...]:
        """The objects in which walks ended that reached no root, those of most walks first."""
        most = self._broken_in.most_common(_MOST_TOLD)
        return tuple(f"{module} ({count})" for module, count in most)


def reaches_root(native: list[Frame]) -> bool:
    """Whether user frames (root first) begin where a thread begins.

    That is a function known to start threads, or the C library, whose own such functions have
    no public names, with the thread's function below it.
    """
    if not native:
        return False
    root = native[0]
    if root.name in _THREAD_ROOTS or root.name.startswith("__libc_start"):
        return True
    return root.module.startswith(_C_LIBRARY) and any(
        not frame.module.startswith(_C_LIBRARY) for frame in native
    )
