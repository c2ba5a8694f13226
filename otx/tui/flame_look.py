"""What the feed makes of a profile: narrowed, shaped and compared as the Flame screen asks."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

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
    from otx.services.profiler import ProfileSnapshot
    from otx.services.stack_counts import ThreadCounts

HOTTEST_ROWS = 100
WINDOW_S = 60
"""What the profiler's window holds; its module is loaded only where it runs."""


class Sampled(Protocol):
    """A running profiler, as far as it is looked at."""

    def snapshot(self) -> "ProfileSnapshot":
        """What was sampled so far."""


class FlameLook:
    """Looks at snapshots of a profiler; keeps the moments that a person has marked.

    Args:
        clock: Unix time in nanoseconds, now.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._baseline: tuple[int, ProfileSnapshot] | None = None
        self._reset: tuple[int, ProfileSnapshot] | None = None

    @staticmethod
    def version_of(snapshot: "ProfileSnapshot") -> object:
        """What changes with the view; stats change without samples, and that is left for later."""
        return (
            *(snapshot.version, snapshot.pids, snapshot.ended_unix_nano, len(snapshot.warnings)),
            int(snapshot.stats.own_cpu_seconds),
        )

    def look(self, interest: FlameInterest, snapshot: "ProfileSnapshot") -> FlameView:
        """The view that was asked for."""
        counts = self._wanted(interest, snapshot)
        age_ns = max((snapshot.ended_unix_nano or self._clock()) - snapshot.began_unix_nano, 0)
        tree, hidden = build_tree(_shaped(interest, counts)), 0
        if interest.least_permille:
            tree, hidden = without_small(tree, -(-tree.total * interest.least_permille // 1_000))
        return FlameView(
            interest,
            tree=tree,
            counts=counts,
            duration_ns=_duration_ns(interest, age_ns, snapshot.began_unix_nano),
            functions=index_functions(tree),
            unknown=sum(value for stack, value in counts.items() if _is_unknown(stack[-1])),
            hottest=tuple(hottest(counts, HOTTEST_ROWS)),
            stats=snapshot.stats,
            frequency_hz=snapshot.frequency_hz,
            pids=snapshot.pids,
            kind=snapshot.kind,
            began_unix_nano=snapshot.began_unix_nano,
            ended_unix_nano=snapshot.ended_unix_nano,
            own_share=snapshot.stats.own_cpu_seconds * NS_PER_S / age_ns if age_ns else 0.0,
            hidden=hidden,
            changes=self._changes(interest, counts, snapshot),
        )

    def _wanted(self, interest: FlameInterest, snapshot: "ProfileSnapshot") -> Mapping[Stack, int]:
        """The stacks of the wanted time, process and function."""
        if not interest.reset_unix_nano:
            self._reset = None
        elif self._reset is None or self._reset[0] != interest.reset_unix_nano:
            self._reset = (interest.reset_unix_nano, snapshot)
        since = self._reset[1].total if self._reset is not None else {}
        return _selected(interest, snapshot, since)

    def _changes(
        self, interest: FlameInterest, counts: Mapping[Stack, int], snapshot: "ProfileSnapshot"
    ) -> Mapping[Frame, float]:
        if not interest.baseline_unix_nano:
            self._baseline = None
            return {}
        if self._baseline is None or self._baseline[0] != interest.baseline_unix_nano:
            self._baseline = (interest.baseline_unix_nano, snapshot)
        before = _selected(interest, self._baseline[1], {})
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


def _selected(
    interest: FlameInterest, snapshot: "ProfileSnapshot", since: "ThreadCounts"
) -> Mapping[Stack, int]:
    """The stacks of the wanted process, part and function, less what there was before."""
    by_thread = snapshot.total if interest.since_start or since else snapshot.window
    counts = _of_process(by_thread, interest.pid, interest.by_thread)
    if since:
        counts = _without(counts, _of_process(since, interest.pid, interest.by_thread))
    if interest.part:
        counts = _of_part(counts, is_waiting=interest.part == "offcpu")
    return through(counts, interest.focus) if interest.focus is not None else counts


def _duration_ns(interest: FlameInterest, age_ns: int, began_unix_nano: int) -> int:
    """How long what is shown was sampled."""
    if interest.reset_unix_nano:
        return max(began_unix_nano + age_ns - interest.reset_unix_nano, 0)
    return age_ns if interest.since_start else min(age_ns, WINDOW_S * NS_PER_S)


def _without(counts: Mapping[Stack, int], before: Mapping[Stack, int]) -> dict[Stack, int]:
    """What was counted since then."""
    left = ((stack, value - before.get(stack, 0)) for stack, value in counts.items())
    return {stack: value for stack, value in left if value > 0}


def _of_part(counts: Mapping[Stack, int], *, is_waiting: bool) -> dict[Stack, int]:
    """Of wall time, what ends in a cause of waiting or what does not."""
    from otx.profile.causes import CAUSES  # loaded only where such time is sampled

    return {
        stack: value
        for stack, value in counts.items()
        if (stack[-1].name in CAUSES and not stack[-1].module) == is_waiting
    }


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
