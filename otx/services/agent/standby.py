"""Processes at hand for the next configuration of otx's own receiver, their imports done.

An agent without a command may be offered another configuration at any time, and most of the time
until it accepts would be imports. So a receiver waits (40 MB, half of them shared with the one that
runs), and once transforms have been seen, what checks OTTL too. They exist only where a server may
send configurations and a receiver runs. Each runs one command line and ends: a statement that
brings a process down brings down that one.
"""

import json
from collections.abc import Callable, Sequence

from otx.services.agent.parts import OTX
from otx.services.agent.process import Child

MODULE = "otx.standby"
RECEIVE = ("receive",)
CHECK = ("ottl", "check")
STOP_S = 1.0


class Standby:
    """The processes that wait: at most one for each command."""

    def __init__(self, environment: dict[str, str], on_output: Callable[[bytes], None]) -> None:
        self._environment = environment
        self._on_output = on_output
        self._waiting: dict[tuple[str, ...], Child] = {}
        self._expects_transforms = False

    def expect_transforms(self) -> None:
        """From now on have OTTL loaded and its checks at hand: an agent of transforms gets more."""
        self._expects_transforms = True

    def prepare(self) -> None:
        """See that processes wait; a machine that starts none has to do without."""
        if self._expects_transforms:
            self._see_to(RECEIVE, ("receive", "transform"))
            self._see_to(CHECK, ("check",))
        else:
            self._see_to(RECEIVE, ("receive",))

    def replenish(self) -> None:
        """The same where some wait already: where none does, nobody has said that one may."""
        if self._waiting:
            self.prepare()

    def take(self, words: Sequence[str], on_exit: Callable[[str], None]) -> Child | None:
        """Have the process that waits run a command line; None where it cannot, or none waits."""
        arguments = tuple(words[len(OTX) :])
        if tuple(words[: len(OTX)]) != OTX:
            return None
        for command in (RECEIVE, CHECK):
            if arguments[: len(command)] == command:
                child = self._waiting.pop(command, None)
                is_told = child is not None and child.tell(_line(arguments), on_exit)
                return child if is_told else None
        return None

    async def end(self) -> None:
        """Let no process wait any more."""
        while self._waiting:
            _, child = self._waiting.popitem()
            await child.stop(STOP_S)

    def _see_to(self, command: tuple[str, ...], loaded: tuple[str, ...]) -> None:
        former = self._waiting.get(command)
        if former is not None and former.is_running:
            return
        words = (*OTX[:2], MODULE, *loaded)
        # What a check finds is the reason of a refusal, and no output of what is supervised.
        heard = self._on_output if command == RECEIVE else _unheard
        try:
            child = Child(words, self._environment, on_output=heard, on_exit=_gone, is_told=True)
        except OSError:
            self._waiting.pop(command, None)
        else:
            self._waiting[command] = child


def _line(arguments: Sequence[str]) -> bytes:
    return json.dumps(arguments).encode() + b"\n"


def _unheard(output: bytes) -> None:
    """Its last lines are kept by the process."""


def _gone(how: str) -> None:
    """Whoever needs it finds that it does not run."""
