"""A process at hand for the next configuration of otx's own receiver, its imports done.

An agent without a command may be offered another configuration at any time, and most of the time
until it accepts would be imports. The process costs 40 MB (half of them shared with the receiver
that runs) and exists only where a server may send configurations and a receiver runs.
"""

import json
from collections.abc import Callable, Sequence

from otx.services.agent.parts import OTX
from otx.services.agent.process import Child

MODULE = "otx.standby"
COMMAND = "receive"
STOP_S = 1.0


class Standby:
    """One waiting process, or none."""

    def __init__(self, environment: dict[str, str], on_output: Callable[[bytes], None]) -> None:
        self._environment = environment
        self._on_output = on_output
        self._child: Child | None = None

    def prepare(self) -> None:
        """See that a process waits; a machine that starts none has to do without."""
        if self._child is not None and self._child.is_running:
            return
        words = (*OTX[:2], MODULE, COMMAND)
        try:
            self._child = Child(
                words, self._environment, on_output=self._on_output, on_exit=_gone, is_told=True
            )
        except OSError:
            self._child = None

    def take(self, words: Sequence[str], on_exit: Callable[[str], None]) -> Child | None:
        """Have the process that waits run a command line; None where it cannot, or none waits."""
        child = self._child
        if child is None or tuple(words[: len(OTX) + 1]) != (*OTX, COMMAND):
            return None
        self._child = None
        is_told = child.tell(json.dumps(words[len(OTX) :]).encode() + b"\n", on_exit)
        return child if is_told else None

    async def end(self) -> None:
        """Let no process wait any more."""
        child, self._child = self._child, None
        if child is not None:
            await child.stop(STOP_S)


def _gone(how: str) -> None:
    """Whoever needs it finds that it does not run."""
