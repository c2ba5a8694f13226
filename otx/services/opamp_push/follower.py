"""Waits for what the agents make of a push, over restarts of the server."""

import time
from collections.abc import Callable

from otx.opamp.server.documents import Document
from otx.services.opamp_push.words import counts_text
from otx.services.opamp_serve.client import RemoteFleet, Unreachable

LOOK_S, LONGEST_LOOK_S = 0.1, 1.0
"""How long to wait between two looks: the first ones are close, for small fleets."""
MOST_MISSES = 30
"""Looks at a server that does not answer, about half a minute."""


class Follower:
    """Watches a push until nobody is left to wait for."""

    def __init__(
        self,
        fleet: RemoteFleet,
        note: Callable[[str], None],
        timeout_s: float,
        clock_s: Callable[[], float] = time.monotonic,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        """Watch at most `timeout_s`, and while a push in stages goes on by itself."""
        self._fleet = fleet
        self._note = note
        self._timeout_s = timeout_s
        self._clock_s = clock_s
        self._rest = rest
        self._misses = 0

    def follow(self, push: Document) -> Document:
        """The push when it is over; `timed_out` says whether agents are still expected."""
        ends_s = self._clock_s() + self._timeout_s
        said, look_s = "", LOOK_S
        while True:
            line = f"push {push['number']} {push['state']}: {counts_text(push['agents'])}"
            if line != said:
                self._note(line)
                said = line
            is_staged = push["state"] == "running"
            if not is_staged and (push["state"] != "done" or not push["agents"]["waiting"]):
                return {**push, "timed_out": False}
            if not is_staged and self._clock_s() > ends_s:
                return {**push, "timed_out": True}
            if is_staged:
                ends_s = self._clock_s() + self._timeout_s
            self._rest(look_s)
            look_s = min(LONGEST_LOOK_S, look_s * 1.1)
            push = self._looked_at(push)

    def _looked_at(self, push: Document) -> Document:
        """The push as it is now; as it was, while a server that restarts is waited for.

        Raises:
            PeerError: It does not come back; the push goes on when it does.
        """
        number = push["number"]
        try:
            found = self._fleet.get(f"pushes/{number}")
        except Unreachable as error:
            self._misses += 1
            if self._misses == 1:
                self._note(f"{error.message}: waiting for it")
            if self._misses <= MOST_MISSES:
                return push
            raise Unreachable(
                error.message,
                hint=f"push {number} is kept and goes on with the server: `otx opamp push --list`",
            ) from None
        self._misses = 0
        return found


def changed(fleet: RemoteFleet, number: int, verb: str, who: str, why: str) -> Document:
    """A push after pause, resume or rollback."""
    return fleet.post(f"pushes/{number}/{verb}", {"who": who, "why": why})
