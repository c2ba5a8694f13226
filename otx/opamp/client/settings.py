"""Connection settings from the server: tried before the old ones are given up.

An offer is kept on disk as the candidate, tried by really connecting, and only then becomes the
current one. Where the first attempts fail the old settings have their turn; if they do not work
either, both are tried in turn until one does. That is the cure for a lock-out that a search over
the flow as it is written finds: the server accepts the new credentials and drops the old ones, and
the client, who did not see it, goes back to what works no more.
"""

from enum import Enum

TRIES = 2
"""Attempts with the candidate before the old settings have their turn."""


class Role(Enum):
    """Which settings a connection is made with."""

    CURRENT = "current"
    CANDIDATE = "candidate"


class Verdict(Enum):
    """What an attempt decided about the candidate."""

    APPLIED = "applied"
    FAILED = "failed"


class Trial:
    """Which settings are tried next, and what became of the candidate.

    Attributes:
        reason: Why the candidate failed last.
    """

    def __init__(self, has_candidate: bool = False) -> None:
        self._has_candidate = has_candidate
        self._attempts = 0
        self.reason = ""

    @property
    def is_open(self) -> bool:
        """Whether there is a candidate nobody has decided about."""
        return self._has_candidate

    def begin(self) -> None:
        """A candidate is on disk; it replaces one that was being tried."""
        self._has_candidate = True
        self._attempts = 0
        self.reason = ""

    def role(self) -> Role:
        """Which settings the next attempt is made with."""
        if not self._has_candidate:
            return Role.CURRENT
        if self._attempts < TRIES:
            return Role.CANDIDATE
        return Role.CURRENT if (self._attempts - TRIES) % 2 == 0 else Role.CANDIDATE

    def worked(self, role: Role) -> Verdict | None:
        """A server answered on a connection made with these settings."""
        if not self._has_candidate:
            return None
        self._has_candidate = False
        return Verdict.APPLIED if role is Role.CANDIDATE else Verdict.FAILED

    def failed(self, role: Role, reason: str) -> None:
        """An attempt found no connection, or no answer on it."""
        if not self._has_candidate:
            return
        self._attempts += 1
        if role is Role.CANDIDATE:
            self.reason = reason
