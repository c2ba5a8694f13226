"""What a sender should know of a request that is accepted all the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caution:
    """One thing to tell the sender, and the receiver's user.

    Attributes:
        kind: What it is, in words that are the same for every request: what is counted.
        text: What it is here, with counts and the first place.
    """

    kind: str
    text: str
