"""What the feed makes of a profile: narrowed, shaped and compared as the Flame screen asks."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from otx.errors import OtxError
from otx.flame.change import function_shares, share_changes
from otx.flame.reshape import (
    callers_first,
    from_function,
    through,
    up_to_function,
    without_small,
)
from otx.flame.search import index_functions
from otx.flame.tree import build_tree, hottest
from otx.model.stack import Frame, Stack
from otx.model.units import NS_PER_S
from otx.tui.snapshot import FlameInterest, FlameView, ProcessSamples

if TYPE_CHECKING:
    from otx.services.profiler import ProfileSnapshot, ThreadCounts

HOTTEST_ROWS = 100
WINDOW_S = 60
"""What the profiler's window holds; its module is loaded only where it runs."""


class FlameLook:
    """Looks at snapshots of a profiler; keeps the baseline that a person has set.

    Args:
        clock: Unix time in nanoseconds, now.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._baseline: tuple[int, ProfileSnapshot] | None = None

    def look(self, interest: FlameInterest, snapshot: "ProfileSnapshot") -> FlameView:
        """The view that was asked for."""
        counts = _wanted(interest, snapshot)
        tree, hidden = build_tree(_shaped(interest, counts)), 0
        if interest.least_permille:
            tree, hidden = without_small(tree, -(-tree.total * interest.least_permille // 1_000))
        return FlameView(
            interest,
            tree=tree,
            counts=counts,
            duration_ns=self._duration_ns(interest, snapshot),
            functions=index_functions(tree),
            unknown=sum(value for stack, value in counts.items() if _is_unknown(stack[-1])),
            hottest=tuple(hottest(counts, HOTTEST_ROWS)),
            stats=snapshot.stats,
            frequency_hz=snapshot.frequency_hz,
            pids=snapshot.pids,
            hidden=hidden,
            changes=self._changes(interest, counts, snapshot),
        )

    def _duration_ns(self, interest: FlameInterest, snapshot: "ProfileSnapshot") -> int:
        sampled_ns = max(self._clock() - snapshot.began_unix_nano, 0)
        return sampled_ns if interest.since_start else min(sampled_ns, WINDOW_S * NS_PER_S)

    def _changes(
        self, interest: FlameInterest, counts: Mapping[Stack, int], snapshot: "ProfileSnapshot"
    ) -> Mapping[Frame, float]:
        if not interest.baseline_unix_nano:
            self._baseline = None
            return {}
        if self._baseline is None or self._baseline[0] != interest.baseline_unix_nano:
            self._baseline = (interest.baseline_unix_nano, snapshot)
        before = _wanted(interest, self._baseline[1])
        return share_changes(function_shares(counts), function_shares(before))


def missing_view(interest: FlameInterest, reason: OtxError | None) -> FlameView:
    """Why there is nothing to look at, and what to do about it."""
    return FlameView(
        interest,
        build_tree({}),
        missing=reason.message if reason else "no process was chosen",
        hint=reason.hint if reason else "otx tui --pid PID samples a running program",
    )


def sampled_processes(snapshot: "ProfileSnapshot") -> tuple[ProcessSamples, ...]:
    """Every process that is or was sampled, with how much was seen of it."""
    samples = dict.fromkeys(snapshot.pids, 0)
    threads = dict.fromkeys(snapshot.pids, 0)
    for thread, counts in snapshot.total.items():
        samples[thread.pid] = samples.get(thread.pid, 0) + sum(counts.values())
        threads[thread.pid] = threads.get(thread.pid, 0) + 1
    return tuple(ProcessSamples(pid, samples[pid], threads[pid]) for pid in samples)


def _wanted(interest: FlameInterest, snapshot: "ProfileSnapshot") -> Mapping[Stack, int]:
    """The stacks of the wanted time, process and function."""
    by_thread = snapshot.total if interest.since_start else snapshot.window
    counts = _of_process(by_thread, interest.pid, interest.by_thread)
    return through(counts, interest.focus) if interest.focus is not None else counts


def _of_process(by_thread: "ThreadCounts", pid: int, with_threads: bool) -> dict[Stack, int]:
    """Stacks of one process or of all, with their thread below their process where wanted."""
    merged: dict[Stack, int] = {}
    for thread, counts in by_thread.items():
        if pid and thread.pid != pid:
            continue
        level = (Frame(thread.name or "(many)", "thread"),) if with_threads else ()
        for stack, value in counts.items():
            shown = stack[:1] + level + stack[1:] if level else stack
            merged[shown] = merged.get(shown, 0) + value
    return merged


def _shaped(interest: FlameInterest, counts: Mapping[Stack, int]) -> Mapping[Stack, int]:
    function = interest.sandwich
    if function is not None:
        return (up_to_function if interest.callers else from_function)(counts, function)
    return callers_first(counts) if interest.callers else counts


def _is_unknown(frame: Frame) -> bool:
    """Whether a frame is `[lib.so+0x1f2e]`: no symbol is known there (docs/cli.md, otx profile)."""
    return frame.kind in ("native", "kernel") and frame.name.startswith("[") and "+0x" in frame.name
