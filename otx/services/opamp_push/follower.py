"""Waits for what the agents make of a push, over restarts of the server."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Literal, TypeAlias

from otx.errors import ExitCode, PeerError
from otx.opamp.server.documents import Document
from otx.services.opamp_push.words import counts_text, state_text
from otx.services.opamp_serve.client import RemoteFleet, Unreachable

LOOK_S, LONGEST_LOOK_S = 0.1, 1.0
"""How long to wait between two looks: the first ones are close, for small fleets."""
LONGEST_OBSERVATION_S = 600.0
"""Observation takes its own time, which an agent could draw out for ever."""
Aim: TypeAlias = Literal["applied", "proven"]
"""What is waited for: that agents say APPLIED, or that they have observed it to the end, too."""
Awaited: TypeAlias = Literal["", "stages", "answers", "observation", "server"]
"""What is still to come; "" for nothing."""


class Follower:
    """Watches a push until nobody is left to wait for."""

    NOUN, PLACE = "push", "pushes"
    AGAIN = "it is kept and goes on with the server: `otx opamp push --follow {number}`"

    def __init__(
        self,
        fleet: RemoteFleet,
        note: Callable[[str], None],
        timeout_s: float,
        aim: Aim = "applied",
        clock_s: Callable[[], float] = time.monotonic,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        """Wait for answers, or for a server that is gone, at most `timeout_s`.

        Stages and observation go on by themselves and take their own time.
        """
        self._fleet = fleet
        self._note = note
        self._aim = aim
        self._clock_s = clock_s
        self._rest = rest
        self._limits_s: dict[Awaited, float] = {
            **{"answers": timeout_s, "server": timeout_s},
            "observation": LONGEST_OBSERVATION_S,
        }

    def follow(self, push: Document) -> Document:
        """The push when it is over; `timed_out` says whether agents are still expected.

        Raises:
            PeerError: The server is gone for too long; the push goes on when it comes back.
        """
        was_away = push["agents"]["away"]
        spent_s: defaultdict[str, float] = defaultdict(float)
        said, look_s, looked_s = "", LOOK_S, self._clock_s()
        found: Document | None = push
        while True:
            push = found or push
            awaited = self.awaited(push, was_away) if found else "server"
            said = self._tell(push, awaited, said)
            if not awaited:
                return {**push, "timed_out": False}
            if spent_s[awaited] > self._limits_s.get(awaited, float("inf")):
                if awaited == "server":
                    raise self._gone(push["number"])
                return {**push, "timed_out": True}
            self._rest(look_s)
            look_s = min(LONGEST_LOOK_S, look_s * 1.1)
            found = self._look(push["number"])
            now_s = self._clock_s()
            spent_s[awaited] += now_s - looked_s
            looked_s = now_s

    def awaited(self, found: Document, was_away: int) -> Awaited:
        """What a push still waits for; agents that went away meanwhile have not answered."""
        counts = found["agents"]
        if found["state"] == "running":
            return "stages"
        if found["state"] != "done":
            return ""
        if counts["waiting"] or counts["away"] > was_away:
            return "answers"
        return "observation" if self._aim == "proven" and counts["observed"] else ""

    def line(self, found: Document) -> str:
        """How far it is."""
        return f"push {found['number']} {state_text(found)} ({counts_text(found['agents'])})"

    def _tell(self, found: Document, awaited: Awaited, said: str) -> str:
        """Say how far it is, if that is new; what was said last."""
        line = self.line(found)
        if awaited == "server":
            what = f"{self.NOUN} {found['number']}"
            line = f"no answer from {self._fleet.url}: {what} is kept, waiting for the server"
        if line != said:
            self._note(line)
        return line

    def _look(self, number: int) -> Document | None:
        """The push as it is now; None while the server is away or hangs."""
        try:
            return self._fleet.get(f"{self.PLACE}/{number}")
        except Unreachable:
            return None
        except PeerError as error:
            if error.code is not ExitCode.TIMEOUT:
                raise
            return None

    def _gone(self, number: int) -> PeerError:
        what = f"{self.NOUN} {number}"
        return PeerError(
            f"the server at {self._fleet.url} is gone: what became of {what} is not known",
            hint=self.AGAIN.format(number=number),
            code=ExitCode.TIMEOUT,
        )


def changed(fleet: RemoteFleet, number: int, verb: str, who: str, why: str) -> Document:
    """A push after pause, resume or rollback."""
    return fleet.post(f"pushes/{number}/{verb}", {"who": who, "why": why})
