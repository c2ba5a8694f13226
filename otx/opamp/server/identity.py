"""Who is behind a uid: newcomers that share one get another, agents that ask for one get it.

Two live agents with one uid are noticed over WebSocket when a report comes over a second connection
while the first one lives and the number does not go on from it, and over HTTP when two series of
numbers take turns. The protocol does not say which of the two gets the new uid; here it is the
newcomer, and its reports are kept under the new uid from then on, even if it goes on to use the
old one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from otx.opamp.instance_uid import SIZE
from otx.opamp.server.agent import Transport

NIL = bytes(SIZE)
"""A uid that many agents would share: whoever uses it is given one."""


@dataclass(slots=True)
class Link:
    """A connection: a WebSocket, or whoever polls from an address.

    Attributes:
        number: Unlike any other link's; 0 over HTTP, where there is no connection to speak of.
        url: The endpoint as the agent addressed it.
        authorization: The header that it was let in with, which settings must not take away.
        credential: The digest of its token.
        aliases: uid the agent uses -> uid it was given, which it is kept under.
        uids: The agents that are on it, by the uid they are kept under.
    """

    number: int
    transport: Transport
    peer: str = ""
    url: str = ""
    authorization: str = ""
    credential: bytes = b""
    aliases: dict[bytes, bytes] = field(default_factory=dict)
    uids: set[bytes] = field(default_factory=set)

    def come_from(self, peer: str, url: str, authorization: str, credential: bytes) -> None:
        """Set where it comes from and how it was let in."""
        self.peer, self.url = peer, url
        self.authorization, self.credential = authorization, credential


@dataclass(slots=True)
class _Series:
    """The numbers that come under one uid over HTTP.

    Attributes:
        rival: The last number of a series that was left for another.
        newcomer: The uid that was given to a second agent, and the number it comes with next.
    """

    rival: int | None = None
    newcomer: tuple[bytes, int] | None = None


class PollSeries:
    """Finds two agents behind one uid over HTTP; keeps nothing of agents that give no cause."""

    MOST = 10_000
    """Uids that are remembered; beyond it the oldest are forgotten."""

    def __init__(self) -> None:
        self._by_uid: dict[bytes, _Series] = {}

    def newcomer(self, uid: bytes, number: int) -> bytes | None:
        """The uid of a newcomer whose number this is; None for the agent itself."""
        series = self._by_uid.get(uid)
        if series is None or series.newcomer is None or series.newcomer[1] != number:
            return None
        series.newcomer = (series.newcomer[0], number + 1)
        return series.newcomer[0]

    def note(
        self, uid: bytes, last: int | None, number: int, new_uid: Callable[[], bytes]
    ) -> bytes | None:
        """Look at a number that follows `last`; the new uid if there turn out to be two agents.

        The newcomer is then the series of `last`, and the number at hand is the first agent's.
        """
        if last is None or number in (last, last + 1):
            return None
        series = self._by_uid.get(uid)
        if series is not None and series.rival is not None and number == series.rival + 1:
            series.newcomer = (new_uid(), last + 1)
            series.rival = None
            return series.newcomer[0]
        if series is None:
            if len(self._by_uid) >= self.MOST:
                del self._by_uid[next(iter(self._by_uid))]
            series = self._by_uid[uid] = _Series()
        series.rival = last
        return None
