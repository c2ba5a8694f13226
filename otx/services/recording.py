"""One profile from beginning to end: start or find the target, sample it, hand over the result.

This is `otx profile` without its arguments: what ends a recording (the time, the target, a
signal), what happens to a command that is sampled, and what is said meanwhile.
"""

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from otx.environment import Environment
from otx.errors import ExitCode, MachineError, OtxError
from otx.model.profile import Profile
from otx.model.stack import FrameKind, Sample
from otx.model.units import NS_PER_S, format_count, format_duration
from otx.output import ProgressLine, Remarks
from otx.profile.backends import BACKEND_WORDS, Wanted, decide, explain
from otx.profile.choice import Choice
from otx.profile.cost import DEFAULT_BOUND
from otx.profile.events import VALUE_TYPES, Event
from otx.profile.formats.profile import sampled_profile
from otx.profile.launch import GatedCommand
from otx.profile.session import ProfileSession, Target, Unwinding
from otx.profile.targets import is_kernel_thread, may_be_read
from otx.services.profile_remarks import remark_on_unnamed
from otx.services.profiler import StackCounts, merge_threads
from otx.services.span_counts import SpanCounts
from otx.system.stop import StopSignal

if TYPE_CHECKING:
    from otx.services.profile_feed import ProfileFeed  # 40 ms: OTLP's messages

OpenFeed: TypeAlias = "Callable[[StopSignal], ProfileFeed]"
_POLL_S = 0.1
_DEFAULT_DURATION_NS = 10 * NS_PER_S
_WAIT_S = 0.05
_PATIENCE_NS = NS_PER_S // 5


@dataclass(frozen=True)
class Recording:
    """What to record and how.

    Attributes:
        pids: Processes to sample; with a command, beside it.
        choice: Processes to sample for what they are.
        command: The words of a command to start and sample; empty for none.
        min_block_ns: Waits that are shorter are left out.
        duration_ns: How long; None: until stopped, the target's end, or 10 s where stdout is no
            terminal and there is no command.
        max_overhead: The share of the target's processor time above which less is sampled.
        backend: What samples; auto: the best that works here.
        open_feed: Opens what samples are given to while they are taken; None for nothing.
    """

    environment: Environment
    pids: tuple[int, ...]
    choice: Choice
    command: tuple[str, ...]
    children: bool
    event: Event
    min_block_ns: int
    frequency_hz: int
    duration_ns: int | None
    unwind: Unwinding
    kernel: bool
    threads: bool
    lines: bool
    python: bool
    max_overhead: float | None = DEFAULT_BOUND
    backend: Wanted = "auto"
    open_feed: "OpenFeed | None" = None

    def run(self, deliver: Callable[[Profile], None]) -> int:
        """Record, hand the profile over, and give the exit code: the command's own, or 0.

        Raises:
            MachineError: This machine won't.
            UsageError: There is no such process or command.
        """
        # The fork comes first: what is opened later is not the command's to inherit.
        command = GatedCommand(self.command) if self.command else None
        with StopSignal() as stop:
            try:
                with self._feed(command, stop) as feed, self._open_session(command) as session:
                    if command is not None:
                        command.release()
                    profile = self._sample(session, command, stop, feed)
                deliver(profile)
            except OtxError as error:
                if command is None or command.poll() is not None:
                    raise
                # It was started and is not otx's to end: a full disk must not leave it alone.
                Remarks(self.environment).error(error)
                _await(command, stop)
                return error.code
            code = _await(command, stop)
        if command is None and feed is not None and feed.lost and not feed.given:
            return ExitCode.PEER
        return code

    def _feed(
        self, command: GatedCommand | None, stop: StopSignal
    ) -> "ProfileFeed | nullcontext[None]":
        """What samples are given to; a command whose samples cannot be is not run."""
        if self.open_feed is None:
            return nullcontext()
        try:
            return self.open_feed(stop)
        except BaseException:
            if command is not None:
                command.abandon()
            raise

    def _open_session(self, command: GatedCommand | None) -> ProfileSession:
        """Attach everything; a command that cannot be sampled is not run."""
        remarks, decision = Remarks(self.environment), decide(self.backend)
        awaited = () if command is None else (command.pid,)
        try:
            session = ProfileSession(
                Target((*self.pids, *awaited), self.children, self.choice),
                event=self.event,
                min_block_ns=self.min_block_ns,
                frequency_hz=self.frequency_hz,
                unwind="fp" if decision.backend == "bcc" else self.unwind,
                cache_dir=self.environment.cache_dir,
                kernel=self.kernel,
                python=self.python,
                lines=self.lines,
                threads=self.threads,
                await_exec=awaited,
                max_overhead=self.max_overhead,
                on_warning=remarks.warning,
                debug=remarks.note if self.environment.debug else None,
                backend=decision.backend,
            )
        except MachineError as error:
            if command is not None:
                command.abandon()
            raise explain(decision, error) from None
        except BaseException:
            if command is not None:
                command.abandon()
            raise
        self._remark_on_targets(remarks)
        if not_seen := session.stats().not_seen:
            why = f": {decision.why}" if decision.why else ""
            remarks.warning(
                f"sampling with {BACKEND_WORDS[decision.backend]}{why}",
                hint=f"not seen so: {'; '.join(not_seen)}",
            )
        return session

    def _remark_on_targets(self, remarks: Remarks) -> None:
        """Say of whom there will be less than is usual."""
        for pid in self.pids:
            if is_kernel_thread(pid):
                lacks = "nothing of it is seen without" if not self.kernel else "it has only"
                remarks.warning(f"process {pid} is a kernel thread: {lacks} kernel frames")
            elif not may_be_read(pid):
                remarks.warning(
                    f"the memory of process {pid} may not be read: Python functions, and those of"
                    " files that only it can see, have no names",
                    hint="run otx as root (sudo), or with CAP_SYS_PTRACE",
                )

    def _sample(
        self,
        session: ProfileSession,
        command: GatedCommand | None,
        stop: StopSignal,
        feed: "ProfileFeed | None",
    ) -> Profile:
        """Sample until something ends it."""
        root_kind: FrameKind = "thread" if self.threads else "process"
        counts = StackCounts(root_kind=root_kind, by_thread=False)
        spans = SpanCounts(root_kind)
        progress = _Progress(self.environment)
        began_ns, began_unix_nano = time.monotonic_ns(), self.environment.clock()
        ends_ns = began_ns + limit_ns if (limit_ns := self._limit_ns()) else None
        ended = False
        while not ended and not stop.is_set and not session.has_ended:
            now_ns = time.monotonic_ns()
            ended = (ends_ns is not None and now_ns >= ends_ns) or (
                command is not None and command.poll() is not None
            )
            _count(session.poll(0 if ended else _POLL_S), counts, spans, feed)
            if feed is not None:
                feed.sample_at(session.frequency_hz)
            progress.show(counts.samples, now_ns - began_ns, limit_ns)
        elapsed_ns = time.monotonic_ns() - began_ns
        _count(session.end(), counts, spans, feed)
        progress.clear()
        profile = sampled_profile(
            merge_threads(counts.total),
            session.stats(),
            round(NS_PER_S / session.period_ns),
            elapsed_ns,
            began_unix_nano,
            VALUE_TYPES[self.event],
        )
        remarks = Remarks(self.environment)
        if spans.left_out:
            remarks.warning(
                f"{format_count(spans.left_out)} samples are without their span: there are too many"
            )
        if said := remark_on_unnamed(profile):
            remarks.warning(*said)
        return spans.label(profile)

    def _limit_ns(self) -> int | None:
        if self.duration_ns is not None or self.command or self.environment.stdout_is_terminal:
            return self.duration_ns
        return _DEFAULT_DURATION_NS


def _count(
    samples: Sequence[Sample],
    counts: StackCounts,
    spans: SpanCounts,
    feed: "ProfileFeed | None",
) -> None:
    counts.add(samples)
    spans.add(samples)
    if feed is not None:
        feed.add(samples)


def _await(command: GatedCommand | None, stop: StopSignal) -> int:
    """The command's exit code once it has ended; a signal is passed on to it."""
    if command is None:
        return ExitCode.DONE
    while command.poll() is None:
        if stop.wait(_WAIT_S):
            if stop.number is not None and not _terminal_told_it(stop.number):
                command.forward(stop.number)
            break
    return command.wait()


def _terminal_told_it(number: signal.Signals) -> bool:
    """Whether a signal came from a terminal, which sends Ctrl-C to the command as well."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return number == signal.SIGINT and os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


class _Progress:
    """A line on stderr that says how far it is; nothing where stderr is no terminal."""

    def __init__(self, environment: Environment) -> None:
        self._line = ProgressLine(environment)

    def show(self, samples: int, elapsed_ns: int, limit_ns: int | None) -> None:
        """Draw over the last line."""
        if elapsed_ns < _PATIENCE_NS:
            return
        left = f", {format_duration(max(limit_ns - elapsed_ns, 0))} left" if limit_ns else ""
        rate = samples * NS_PER_S // max(elapsed_ns, 1)
        self._line.show(
            lambda: (
                f"sampling: {format_count(samples)} samples, {rate}/s,"
                f" {format_duration(elapsed_ns)}{left} (Ctrl-C ends)"
            )
        )

    def clear(self) -> None:
        """Take the line away."""
        self._line.clear()
