"""What a server knows of an agent, as a table: when it has to ask, and when it may offer.

    UNKNOWN --compressed--> NEED_FULL --complete--> KNOWN --gap, not complete--> NEED_FULL
    KNOWN --another hash is assigned, and it did not fail--> OFFERED --status of it--> KNOWN

Whether the agent is connected is another matter: what is known, and what has to be asked for,
outlives the connection and the server's process. A server that forgets what it asked for never
asks again once the next number happens to fit. `otx.opamp.server` and the models in spec/ are
held against this table by tests.
"""

from enum import Enum
from typing import NamedTuple


class Knowledge(Enum):
    """How much of an agent a server knows."""

    UNKNOWN = "unknown"
    NEED_FULL = "need full"
    """What is known may be outdated: it is kept for people, and no decision rests on it."""
    KNOWN = "known"
    OFFERED = "offered"
    """Known, and a configuration is on its way to it."""


class Heard(Enum):
    """What a report is, or what the operator did."""

    COMPLETE = "complete"
    """Everything is in it, whatever its number."""
    FITTING = "fitting"
    """Compressed; the number follows the last one."""
    GAP = "gap"
    """Compressed; it does not, so something was lost."""
    STATUS = "status"
    """Fitting, with a status of the hash that is assigned."""
    LOST = "lost"
    """The connection ended: what was on its way may not have arrived."""
    ASSIGNED = "assigned"
    """Another hash than the agent reported is assigned, and it did not fail there."""


class Step(NamedTuple):
    """What follows."""

    to: Knowledge
    asks: bool = False
    """Every answer has ReportFullState."""
    offers: bool = False
    """The next message has the configuration."""


_ASKING = Step(Knowledge.NEED_FULL, asks=True)

TABLE: dict[tuple[Knowledge, Heard], Step] = {
    **{(known, Heard.COMPLETE): Step(Knowledge.KNOWN) for known in Knowledge},
    **{(known, Heard.GAP): _ASKING for known in Knowledge},
    **{(known, Heard.LOST): Step(known) for known in Knowledge},
    (Knowledge.OFFERED, Heard.LOST): Step(Knowledge.KNOWN),
    # It may have crossed the offer: only a status, or the end of the connection, ends the wait.
    (Knowledge.OFFERED, Heard.COMPLETE): Step(Knowledge.OFFERED),
    (Knowledge.UNKNOWN, Heard.FITTING): _ASKING,
    (Knowledge.UNKNOWN, Heard.STATUS): _ASKING,
    (Knowledge.UNKNOWN, Heard.ASSIGNED): Step(Knowledge.UNKNOWN),
    (Knowledge.NEED_FULL, Heard.FITTING): _ASKING,
    (Knowledge.NEED_FULL, Heard.STATUS): _ASKING,
    (Knowledge.NEED_FULL, Heard.ASSIGNED): Step(Knowledge.NEED_FULL),
    (Knowledge.KNOWN, Heard.FITTING): Step(Knowledge.KNOWN),
    (Knowledge.KNOWN, Heard.STATUS): Step(Knowledge.KNOWN),
    (Knowledge.KNOWN, Heard.ASSIGNED): Step(Knowledge.OFFERED, offers=True),
    (Knowledge.OFFERED, Heard.FITTING): Step(Knowledge.OFFERED),
    (Knowledge.OFFERED, Heard.STATUS): Step(Knowledge.KNOWN),
    (Knowledge.OFFERED, Heard.ASSIGNED): Step(Knowledge.OFFERED, offers=True),
}
"""Complete: every pair has its row."""
