"""How an agent says that it had no room for a configuration, and how a server tells it apart.

The protocol has one FAILED for what is wrong with a configuration and for what is wrong with the
machine. Only the second goes away by itself, so advice and verdicts must tell them apart.
"""

NOT_STORED = "it cannot be stored"
"""Begins the reason of a configuration that failed for want of room, not by itself."""
WAITS_FOR_ROOM = (
    "the agent's machine could not store it: it takes it up by itself when there is room"
)


def is_not_stored(reason: str) -> bool:
    """Whether a reason is that of an agent of otx that could not store what it was sent."""
    return reason.startswith(NOT_STORED)
