"""Who was turned away at the door: an agent that is not let in cannot say so."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

REMEMBERED = 1_000
AUDIT_EVERY_NS = 600_000_000_000
"""An address that tries again and again gets a line in the audit log once in so long."""
MOST_HOSTS = 10_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """One request that was turned away.

    Attributes:
        host: Where it came from, without the port.
        uid: The uid its header claimed; "" for none.
        why: What was wrong, for people.
    """

    at_ns: int
    host: str
    uid: str
    why: str


class Refusals:
    """The last requests that were turned away."""

    def __init__(self) -> None:
        self._last: deque[Refusal] = deque(maxlen=REMEMBERED)
        self._told_ns: dict[str, int] = {}
        self.count = 0

    def note(self, now_ns: int, peer: str, uid: str, why: str) -> Refusal | None:
        """Remember a request; it is given back where the audit log should have it."""
        host = peer.rpartition(":")[0]
        refusal = Refusal(now_ns, host, uid, why)
        self._last.append(refusal)
        self.count += 1
        if now_ns - self._told_ns.get(host, -AUDIT_EVERY_NS) < AUDIT_EVERY_NS:
            return None
        if len(self._told_ns) >= MOST_HOSTS:
            del self._told_ns[next(iter(self._told_ns))]
        self._told_ns[host] = now_ns
        return refusal

    def of(self, uid: str, peer: str, since_ns: int) -> Iterator[Refusal]:
        """What could have been an agent: its uid was claimed, or it came from its address."""
        host = peer.rpartition(":")[0]
        for refusal in self._last:
            is_it = refusal.uid == uid if refusal.uid else bool(host) and refusal.host == host
            if is_it and refusal.at_ns >= since_ns:
                yield refusal
