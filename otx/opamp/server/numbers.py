"""Sequence numbers: whether the server can have missed something.

The rule of the protocol is short: anything but the last number and one is a gap, and a gap asks for
full state. Two cases need more than the rule. A process that begins at 0 again and whose first
reports are lost can hit just the expected number; so a small number is not trusted where the report
comes over a connection of its own and is not complete. And two live agents with one uid count in
two series.
"""

from dataclasses import dataclass

from otx.opamp.opamp_pb2 import AgentToServer
from otx.opamp.server.agent import Agent, Transport

_SMALL = {"ws": 1 << 16, "http": 16}
"""Below it a number may be a new process's. Over HTTP a client may use a connection a request."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """How a report's number stands to the last one.

    Attributes:
        fits: Whether nothing can be missing before it.
        is_next: Whether it is the last number and one, whatever that is worth.
    """

    fits: bool
    is_next: bool


def judge_number(
    agent: Agent, message: AgentToServer, transport: Transport, *, is_new_link: bool
) -> Numbered:
    """Judge a report's number without taking it over."""
    if agent.sequence_num is None:
        return Numbered(fits=False, is_next=False)
    is_next = message.sequence_num == agent.sequence_num + 1
    may_be_new = is_new_link and message.sequence_num < _SMALL[transport]
    return Numbered(fits=is_next and not may_be_new, is_next=is_next)
