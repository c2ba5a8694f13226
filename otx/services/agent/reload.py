"""What became of the local file: read at the start, and anew with each HUP."""

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """How far a local file has come."""

    PENDING = "pending"
    """It is read, checked, or started and not yet verified."""
    RUNS = "runs"
    """What it says was well for the health window."""
    UNCHANGED = "unchanged"
    """It comes to what runs already: nothing is started again."""
    REFUSED = "refused"
    """It cannot be read or used; nothing was started with it."""
    FAILED = "failed"
    """It was started and did not stay up."""


@dataclass(frozen=True, slots=True)
class Reload:
    """The newest reading of the local file.

    Attributes:
        begun_ns: When it was read, on the clock that all processes of the machine share
            (CLOCK_MONOTONIC): `otx agent reload` tells by it which reading is its own.
        outcome: How far it has come.
        reason: Why it is refused or failed.
        goes_on: What runs instead; "" where that is the file.
    """

    begun_ns: int = 0
    outcome: Outcome = Outcome.PENDING
    reason: str = ""
    goes_on: str = ""

    def document(self) -> dict[str, object]:
        """As `otx agent status --format json` has it."""
        return {
            "begun_monotonic_nano": self.begun_ns,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "goes_on": self.goes_on,
        }


FORMER_RUNS_ON = "what ran before runs on"
FORMER_RUNS_AGAIN = "what ran before it runs again"
NOTHING_BEFORE = "nothing else ran before: it is started again and again"
UNHEALTHY_RUNS_ON = "nothing else ran before: it runs on as it is"
PASSING = ("", NOTHING_BEFORE, UNHEALTHY_RUNS_ON)
"""After these the file itself may still come to run."""
