"""Runs one process at a time with the text it is given, and watches how it does.

Orders replace each other: while an old process is being ended, only the newest order counts. Each
has the number of its launch, and everything that is told later is told with that number.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from otx.opamp.not_stored import NOT_STORED
from otx.services.agent.health import Check
from otx.services.agent.process import Child, end_adopted
from otx.services.agent.standby import Standby
from otx.services.agent.state import write_whole

CONFIG_PLACE = "{config}"
STARTING = "it is starting"
"""Begins the problem of a process that was not well for the window yet and may become so."""
_LEAST_S, _OFTEN_S, _SOMETIMES_S, _SELDOM_S = 0.01, 0.1, 1.0, 10.0
_SICK_S = 5.0
"""How long a process may be unhealthy under observation before that counts."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long is waited for what, in seconds.

    Attributes:
        window_s: How long a new process must be well, without a break, to count as healthy.
        health_s: By when that must have begun and ended.
        observation_s: How long it is then under observation.
        stop_s: How long it may take to end after TERM, before KILL.
        validate_s: How long a validation may take.
    """

    window_s: float = 1.0
    health_s: float = 10.0
    observation_s: float = 30.0
    stop_s: float = 10.0
    validate_s: float = 15.0


class Listener(Protocol):
    """Who is told what becomes of a launch."""

    def up(self, launch: int) -> None:
        """It runs."""

    def down(self, launch: int, reason: str) -> None:
        """It could not be started, ended, or is not well."""

    def healthy(self, launch: int) -> None:
        """It was well for the whole window; told once a launch, however it is watched."""

    def survived(self, launch: int) -> None:
        """It was well for the whole observation."""

    def changed(self) -> None:
        """Its health, or which process runs, may be another."""


@dataclass(frozen=True, slots=True)
class Order:
    """A launch that is wanted.

    Attributes:
        text: The configuration; None: there is none.
        words: The command; empty: nothing is run.
        why_idle: Why there is nothing to run, where there should be.
        not_before_s: On the monotonic clock.
    """

    launch: int
    text: bytes | None
    words: tuple[str, ...] = ()
    check: Check | None = None
    not_before_s: float = 0.0
    why_idle: str = ""


class Stage(Enum):
    """How closely a process is watched."""

    PLAIN = "plain"
    WINDOW = "window"
    OBSERVATION = "observation"
    SETTLING = "settling"
    """A last good process: told when it was well for an observation, never given up."""


class Runner:
    """The supervised process, from one order to the next.

    Attributes:
        running: The order whose process runs, or None.
        problem: Why it is not well; "" when it is, and was for the window.
        is_verified: Whether this process was well for the window, once.
        started_unix_ns: When it started; 0 while nothing runs.
    """

    def __init__(
        self,
        config_path: Path,
        environment: dict[str, str],
        timing: Timing,
        listener: Listener,
        on_output: Callable[[bytes], None],
        on_process: Callable[[Child | None], None],
        standby: Standby | None = None,
    ) -> None:
        self.timing = timing
        self.running: Order | None = None
        self.problem = "it has not been started yet"
        self.is_verified = False
        self.started_unix_ns = 0
        self._config_path = config_path
        self._environment = environment
        self._listener = listener
        self._on_output = on_output
        self._on_process = on_process
        self._standby = standby
        self._child: Child | None = None
        self._order: Order | None = None
        self._ordered = asyncio.Event()
        self._look = asyncio.Event()
        self._found = ""
        self._died_of = ""
        self._started_s = 0.0
        self._stage = Stage.PLAIN
        self._stage_since_s = 0.0
        self._well_since_s: float | None = None
        self._sick_since_s: float | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """The words of the newest order; empty where nothing is to be run."""
        return self._order.words if self._order is not None else ()

    def order(self, order: Order) -> None:
        """End what runs and run this; replaces an order that is not carried out yet."""
        self._order = order
        self._stage = Stage.PLAIN
        self._ordered.set()

    def withdraw(self) -> None:
        """Do not carry out an order that still waits for the end of what ran before."""
        if self._order is not self.running:
            self._order = None
            self._ordered.set()

    def watch(self, launch: int, stage: Stage) -> None:
        """Tell of a launch when it was well for the window, or for the observation."""
        if self._order is None or self._order.launch != launch:
            return
        self._stage = stage
        self._stage_since_s = time.monotonic()
        self._sick_since_s = None
        self._look.set()

    async def run(self) -> None:
        """Carry out orders until cancelled; what runs then is ended by `stop`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_health())
            await self._carry_out_orders()

    async def stop(self) -> None:
        """End the process."""
        self._order = None
        await self._end()
        if self._standby is not None:
            await self._standby.end()

    async def _carry_out_orders(self) -> None:
        while True:
            await self._ordered.wait()
            self._ordered.clear()
            order = self._order
            await self._end()
            if order is None or order is not self._order:
                continue
            if not await self._is_due(order):
                continue
            self._start(order)

    async def _is_due(self, order: Order) -> bool:
        """Wait for the time of an order; False where another came meanwhile."""
        pause_s = order.not_before_s - time.monotonic()
        if pause_s > 0:
            try:
                async with asyncio.timeout(pause_s):
                    await self._ordered.wait()
            except TimeoutError:
                return True
        return not self._ordered.is_set()

    async def _end(self) -> None:
        child = self._child
        if child is None:
            self.running = None
            await end_adopted(self.timing.stop_s)
            return
        self._note_gone("it is being restarted")
        await child.stop(self.timing.stop_s)
        await end_adopted(self.timing.stop_s)
        # Not sooner: whoever is cancelled in the line above leaves it to `stop`.
        self._child = None
        self._on_process(None)

    def _start(self, order: Order) -> None:
        if not order.words:
            self._begin(order)  # with nothing to run, which may be what is wanted
            return
        try:
            write_whole(self._config_path, order.text or b"")
        except OSError as error:
            self._note_gone(f"{NOT_STORED}: {error.strerror}")
            self._listener.down(order.launch, self.problem)
            return
        try:
            self._child = self._new_child(order)
        except OSError as error:
            self._note_gone(f"it cannot be started: {error.strerror}")
            self._listener.down(order.launch, self.problem)
            return
        self._on_process(self._child)
        self._begin(order)

    def _new_child(self, order: Order) -> Child:
        """The process of an order: the one that waits for it, or a new one.

        Raises:
            OSError: It cannot be started.
        """

        def on_exit(how: str) -> None:
            self._ended(order, how)

        waiting = self._standby.take(order.words, on_exit) if self._standby is not None else None
        if waiting is not None:
            return waiting
        return Child(order.words, self._environment, on_output=self._on_output, on_exit=on_exit)

    def _begin(self, order: Order) -> None:
        self.running = order
        self.is_verified = False
        self.problem = self._starting() if order.words else order.why_idle
        self.started_unix_ns = time.time_ns() if order.words else 0
        self._started_s = now_s = time.monotonic()
        self._well_since_s = now_s if order.check is None else None
        self._sick_since_s = None
        self._look.set()
        self._listener.up(order.launch)
        self._listener.changed()

    def _ended(self, order: Order, how: str) -> None:
        child, self._child = self._child, None
        words = child.last_words if child is not None else ""
        self._on_process(None)
        self._died_of = f"{how}: {words}" if words else how
        self._note_gone(self._died_of)
        if order is self._order:  # else it is ended for another one, perhaps of the same launch
            self._listener.down(order.launch, self.problem)

    def _starting(self) -> str:
        """What a process is called that nobody verified; how the one before it ended, beside."""
        return f"{STARTING}; the one before it: {self._died_of}" if self._died_of else STARTING

    def _note_gone(self, problem: str) -> None:
        self.running = None
        self.is_verified = False
        self.problem = problem
        self.started_unix_ns = 0
        self._well_since_s = None
        self._listener.changed()

    # Health.

    async def _watch_health(self) -> None:
        while True:
            self._look.clear()
            order = self.running
            if order is not None:
                if order.check is not None:
                    self._note_problem(order, await order.check.problem())
                self._judge(order)
            try:
                async with asyncio.timeout(self._pause_s()):
                    await self._look.wait()
            except TimeoutError:
                continue

    def _pause_s(self) -> float | None:
        """Until the next look; None: until something happens."""
        order = self.running
        if order is None:
            return None
        if not self.is_verified:
            if order.check is None:
                return max(_LEAST_S, self.timing.window_s - self._age_s())
            is_late = self._stage is not Stage.WINDOW and self._age_s() > self.timing.health_s
            return _SOMETIMES_S if is_late else _OFTEN_S
        rest_s = self.timing.observation_s - (time.monotonic() - self._stage_since_s)
        if order.check is None:
            return None if self._stage is Stage.PLAIN else max(_LEAST_S, rest_s)
        if self._stage is Stage.OBSERVATION:
            return min(_SOMETIMES_S, max(_LEAST_S, rest_s))
        return _SELDOM_S if not self.problem else _SOMETIMES_S

    def _note_problem(self, order: Order, problem: str) -> None:
        if order is not self.running:
            return
        now_s = time.monotonic()
        if problem:
            self._well_since_s = None
            self._sick_since_s = self._sick_since_s or now_s
        else:
            self._well_since_s = self._well_since_s or now_s
            self._sick_since_s = None
            if self._standby is not None:
                self._standby.prepare()  # not sooner: two that start at once slow each other down
        self._found = problem
        if not self.is_verified and (not problem or self._age_s() < self.timing.health_s):
            problem = self._starting()
        if problem != self.problem:
            self.problem = problem
            self._listener.changed()

    def _age_s(self) -> float:
        return time.monotonic() - self._started_s

    def _judge(self, order: Order) -> None:
        """Tell what is waited for, once."""
        if order is not self.running:
            return
        now_s = time.monotonic()
        if not self.is_verified and self._is_well_for(self.timing.window_s, now_s):
            self._verify(order)
        since_s = now_s - self._stage_since_s
        if self._stage is Stage.WINDOW:
            if since_s >= self.timing.health_s + self.timing.window_s:
                self._give_up(order, f"not healthy within {self.timing.health_s:g} s")
        elif self._stage is Stage.OBSERVATION:
            sick_s = now_s - self._sick_since_s if self._sick_since_s else 0.0
            if sick_s >= self._longest_sick_s():
                self._give_up(order, f"unhealthy for {sick_s:.0f} s")
            elif since_s >= self.timing.observation_s and not sick_s:
                self._stage = Stage.PLAIN
                self._listener.survived(order.launch)
        elif self._stage is Stage.SETTLING and self._is_settled(now_s):
            self._stage = Stage.PLAIN
            self._listener.survived(order.launch)

    def _verify(self, order: Order) -> None:
        self.is_verified = True
        self._died_of = ""
        self.problem = order.why_idle
        if self._stage is Stage.WINDOW:
            self._stage = Stage.PLAIN
        # One report says both: that it is APPLIED, and that it is well.
        self._listener.healthy(order.launch)
        self._listener.changed()

    def _longest_sick_s(self) -> float:
        """A process that has just been started may take its time to become well."""
        if not self.is_verified:
            return self.timing.health_s + self.timing.window_s
        return min(_SICK_S, self.timing.observation_s)

    def _is_well_for(self, length_s: float, now_s: float) -> bool:
        return self._well_since_s is not None and now_s - self._well_since_s >= length_s

    def _is_settled(self, now_s: float) -> bool:
        if self._well_since_s is None:
            return False
        return now_s - max(self._well_since_s, self._stage_since_s) >= self.timing.observation_s

    def _give_up(self, order: Order, what: str) -> None:
        self._stage = Stage.PLAIN
        words = self._child.last_words if self._child is not None else ""
        reason = f"{what}: {self._found or self.problem}" + (f"\n{words}" if words else "")
        self._listener.down(order.launch, reason)
