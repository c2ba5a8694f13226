"""Commands that are run again and again while a configuration runs."""

import asyncio
import time
from collections.abc import Callable, Sequence

from otx.services.agent.checks import why_not
from otx.services.agent.parts import Recurring

LONGEST_RUN_S = 3600.0


class Schedule:
    """Runs what the newest plan asks for, each at its own pace and never twice at a time."""

    def __init__(self, environment: dict[str, str], remark: Callable[[str], None]) -> None:
        self._environment = environment
        self._remark = remark
        self._tasks: list[asyncio.Task[None]] = []
        self._running: tuple[Recurring, ...] = ()

    def follow(self, recurring: Sequence[Recurring], group: asyncio.TaskGroup) -> None:
        """Run these from now on instead of what was run before."""
        if tuple(recurring) == self._running:
            return
        self.end()
        self._running = tuple(recurring)
        self._tasks = [group.create_task(self._repeat(one)) for one in recurring]

    def end(self) -> None:
        """Run nothing any more; what runs is ended."""
        for task in self._tasks:
            task.cancel()
        self._tasks, self._running = [], ()

    async def _repeat(self, one: Recurring) -> None:
        said = ""
        while True:
            begun_s = time.monotonic()
            problem = await why_not(one.words, self._environment, LONGEST_RUN_S)
            if problem != said:
                self._remark(f"{' '.join(one.words[2:4])}: {problem or 'works again'}")
                said = problem
            await asyncio.sleep(max(0.0, one.every_s - (time.monotonic() - begun_s)))
