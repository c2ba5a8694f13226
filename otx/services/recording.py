"""One profile from beginning to end: start or find the target, sample it, hand over the result.

This is `otx profile` without its arguments: what ends a recording (the time, the target, a
signal, who looks at it), what happens to a command that is sampled, and what is shown meanwhile.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from otx.environment import Environment
from otx.errors import ExitCode, OtxError
from otx.model.profile import Profile
from otx.model.units import NS_PER_S, format_count, format_duration
from otx.output import HeldRemarks, ProgressLine, Remarks
from otx.profile.launch import GatedCommand
from otx.profile.session import ProfileSession
from otx.services.gathering import Gathering
from otx.services.held_output import HeldOutput
from otx.services.profile_remarks import remark_on_broken, remarks_on_unnamed
from otx.services.profiler import LiveProfile
from otx.services.sampling import SamplingRequest, open_session
from otx.system.stop import StopSignal

if TYPE_CHECKING:
    from otx.services.profile_feed import ProfileFeed  # 40 ms: OTLP's messages

OpenFeed: TypeAlias = "Callable[[StopSignal, Remarks], ProfileFeed]"
Screen: TypeAlias = Callable[[LiveProfile, Callable[[], bool]], object]
"""Shows a profile while it is taken; returns when one leaves it, or soon after it is told that it
has to end."""

_POLL_S = 0.1
_DEFAULT_DURATION_NS = 10 * NS_PER_S
_WAIT_S = 0.05
_PATIENCE_NS = NS_PER_S // 5


@dataclass(frozen=True)
class Recording:
    """What to record and how.

    Attributes:
        request: What to sample, a command aside.
        command: The words of a command to start and sample; empty for none.
        duration_ns: How long; None: until stopped, the target's end, or 10 s where stdout is no
            terminal and there is no command.
        open_feed: Opens what samples are given to while they are taken; None for nothing.
        screen: Shows it meanwhile and has the terminal; a target that ends does not end it then.
            None for a line of progress.
    """

    environment: Environment
    request: SamplingRequest
    command: tuple[str, ...] = ()
    duration_ns: int | None = None
    open_feed: "OpenFeed | None" = None
    screen: Screen | None = None

    def run(self, deliver: Callable[[Profile], None]) -> int:
        """Record, hand the profile over, and give the exit code: the command's own, or 0.

        Raises:
            MachineError: This machine won't.
            UsageError: There is no such process or command.
            Exception: What ended the screen, where that was a fault; the profile is handed over.
        """
        with ExitStack() as around:
            command, output = self._fork(around)
            stop, remarks = around.enter_context(StopSignal()), HeldRemarks(self.environment)
            try:
                feed, failure = self._record(command, output, stop, remarks, deliver)
            except OtxError as error:
                if command is None or command.poll() is not None:
                    raise
                # It was started and is not otx's to end: a full disk must not leave it alone.
                remarks.error(error)
                _await(command, stop, is_raw=self.screen is not None)
                return error.code
            code = _await(command, stop, is_raw=self.screen is not None)
        if failure is not None:
            raise failure
        if command is None and feed is not None and feed.lost and not feed.given:
            return ExitCode.PEER
        return code

    def _record(
        self,
        command: GatedCommand | None,
        output: HeldOutput | None,
        stop: StopSignal,
        remarks: HeldRemarks,
        deliver: Callable[[Profile], None],
    ) -> "tuple[ProfileFeed | None, Exception | None]":
        """Sample and hand over; what it was fed to, and what ended the screen."""
        with (
            self._feed(command, stop, remarks) as feed,
            self._open_session(command, remarks) as session,
        ):
            if command is not None:
                command.release()
            course = self._course(session, command, stop, feed)
            failure = self._follow(course, remarks)
            profile = course.gathering.profile(course.elapsed_ns)
        if output is not None:
            output.release()
        self._remark(course, profile, remarks)
        if command is not None and course.is_left:
            command.forward(signal.SIGINT)  # Ctrl-C and q were keys: nobody has told it
        deliver(profile)
        return feed, failure

    def _fork(self, around: ExitStack) -> tuple[GatedCommand | None, HeldOutput | None]:
        """The command, and what it writes where that has to wait for the screen.

        The fork comes first: what is opened later is not the command's to inherit.
        """
        if not self.command:
            return None, None
        if self.screen is None:
            return GatedCommand(self.command), None
        output = HeldOutput(self.environment)
        command = GatedCommand(self.command, output.writer)
        return command, around.enter_context(output)

    def _feed(
        self, command: GatedCommand | None, stop: StopSignal, remarks: Remarks
    ) -> "ProfileFeed | nullcontext[None]":
        """What samples are given to; a command whose samples cannot be is not run."""
        if self.open_feed is None:
            return nullcontext()
        try:
            return self.open_feed(stop, remarks)
        except BaseException:
            if command is not None:
                command.abandon()
            raise

    def _open_session(self, command: GatedCommand | None, remarks: Remarks) -> ProfileSession:
        """Attach everything; a command that cannot be sampled is not run."""
        awaited = () if command is None else (command.pid,)
        try:
            return open_session(self.environment, self.request, remarks, awaited)
        except BaseException:
            if command is not None:
                command.abandon()
            raise

    def _course(
        self,
        session: ProfileSession,
        command: GatedCommand | None,
        stop: StopSignal,
        feed: "ProfileFeed | None",
    ) -> "_Course":
        by_thread = self.screen is not None
        gathering = Gathering(
            session, self.request.options, self.environment.clock, feed, by_thread=by_thread
        )
        return _Course(gathering, command, stop, self._limit_ns())

    def _follow(self, course: "_Course", remarks: HeldRemarks) -> Exception | None:
        """Sample until something ends it; what ended the screen, where that was a fault."""
        if self.screen is not None:
            return _show(self.screen, course, self.environment, remarks)
        progress = _Progress(self.environment)
        while course.take(_POLL_S):
            progress.show(course.gathering.samples, course.elapsed_ns, course.limit_ns)
        course.gathering.end()
        progress.clear()
        return None

    def _remark(self, course: "_Course", profile: Profile, remarks: Remarks) -> None:
        if left_out := course.gathering.spans.left_out:
            remarks.warning(
                f"{format_count(left_out)} samples are without their span: there are too many"
            )
        for unnamed in remarks_on_unnamed(profile):
            remarks.warning(*unnamed)
        if profile.stats is not None and (said := remark_on_broken(profile.stats)):
            remarks.warning(*said)

    def _limit_ns(self) -> int | None:
        if self.duration_ns is not None or self.command or self.environment.stdout_is_terminal:
            return self.duration_ns
        return _DEFAULT_DURATION_NS


class _Course:
    """How far a recording is, and what ends it.

    Attributes:
        limit_ns: How long it may take; None: as long as it likes.
        is_left: Whether the one who looked at it has left.
    """

    def __init__(
        self,
        gathering: Gathering,
        command: GatedCommand | None,
        stop: StopSignal,
        limit_ns: int | None,
    ) -> None:
        self.gathering = gathering
        self.stop = stop
        self.limit_ns = limit_ns
        self.is_left = False
        self._command = command
        self._began_ns = time.monotonic_ns()
        self._ended_ns: int | None = None

    @property
    def elapsed_ns(self) -> int:
        """How long it took so far, or in all."""
        return (self._ended_ns or time.monotonic_ns()) - self._began_ns

    @property
    def is_out_of_time(self) -> bool:
        """Whether it has taken as long as it may."""
        return self.limit_ns is not None and time.monotonic_ns() - self._began_ns >= self.limit_ns

    def take(self, timeout_s: float) -> bool:
        """Take what was sampled, waiting so long at most; whether it goes on."""
        has_ended = self.is_out_of_time or (
            self._command is not None and self._command.poll() is not None
        )
        goes_on = self.gathering.take(0 if has_ended else timeout_s)
        if goes_on and not has_ended and not self.stop.is_set:
            return True
        self._ended_ns = time.monotonic_ns()
        return False


def _show(
    screen: Screen, course: _Course, environment: Environment, remarks: HeldRemarks
) -> Exception | None:
    """Sample while a screen shows it, until one leaves that; the fault it ended with, if any."""

    failure = None
    course.stop.hear_hangup(course.stop.ask)
    with remarks, LiveProfile(course.gathering, environment, remarks, course.take) as live:

        def is_over() -> bool:
            return course.stop.is_set or course.is_out_of_time or live.has_failed

        try:
            screen(live, is_over)
        except Exception as error:  # what was sampled is worth no less for it
            failure = error
        course.is_left = not is_over()
    return failure


def _await(command: GatedCommand | None, stop: StopSignal, *, is_raw: bool) -> int:
    """The command's exit code once it has ended; a signal is passed on to it.

    Args:
        is_raw: Whether the terminal has made no signals of keys.
    """
    if command is None:
        return ExitCode.DONE
    while command.poll() is None:
        if stop.wait(_WAIT_S):
            if stop.number is not None and (is_raw or not _terminal_told_it(stop.number)):
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
