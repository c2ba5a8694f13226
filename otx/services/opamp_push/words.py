"""What became of a push: in words for people, and as an exit code."""

from collections.abc import Iterator

from otx.errors import ExitCode
from otx.model.cells import printable, shorten
from otx.model.units import counted
from otx.opamp.not_stored import WAITS_FOR_ROOM, is_not_stored
from otx.opamp.server.documents import Document

NAMED = 5
"""Agents that are named one by one; of more only the number is told."""


LONGEST_NAME = 60
"""Cells of a name that agents or operators gave: longer ones are cut."""


def named_agent(agent: Document) -> str:
    """An agent by its service and uid; what it says of itself is made printable and cut."""
    return f"{shorten(agent['service'], LONGEST_NAME)} {agent['uid']}"


def agreed(count: int, one: str, more: str) -> str:
    """A count with words that agree with it: `1 gets it`, `2 get it`."""
    return f"{count} {one if count == 1 else more}"


def matching_text(count: int, selector: str) -> str:
    """How many agents a selector means, for people."""
    verb = "matches" if count == 1 else "match"
    whom = f" {verb} {printable(selector)}" if selector else ", which is all of them"
    return f"{counted(count, 'agent')}{whom}"


def state_text(push: Document) -> str:
    """Where a push is: what is out and not answered yet is not done."""
    is_going_out = push["state"] == "done" and push["agents"]["waiting"]
    return "is out, not all have answered" if is_going_out else str(push["state"])


def push_lines(push: Document) -> Iterator[str]:
    """What became of a push, for people."""
    name = shorten(push["name"], LONGEST_NAME)
    yield (
        f"push {push['number']} {state_text(push)}: {name} v{push['version']}"
        f" ({push['config'][:8]}): {counts_text(push['agents'])}"
    )
    if _reaches_nobody(push):
        yield "  it reaches no agent: what they keep holds for them (`otx opamp agents --why UID`)"
    if push["note"]:
        yield f"  {printable(push['note'])}"
    for failure in push["failures"][:NAMED]:
        yield f"  {failure['uid']} FAILED: {printable(failure['reason'])}"
    lacks_room = any(is_not_stored(failure["reason"]) for failure in push["failures"])
    if lacks_room and WAITS_FOR_ROOM not in (push["note"] or ""):
        yield f"  {WAITS_FOR_ROOM}"
    if push["state"] == "stopped":
        yield f"  `otx opamp rollback {push['number']}` takes it back,"
        yield f"  `otx opamp push --resume {push['number']}` goes on in spite of who failed"
    if push["state"] in ("paused", "rolled_back"):
        yield "  it reaches no more agents as it is (`otx opamp audit`)"
    yield from _open_ends(push)


def _open_ends(push: Document) -> Iterator[str]:
    """What is not settled yet, and how to wait for it."""
    counts, number = push["agents"], push["number"]
    if push.get("timed_out") and (counts["waiting"] or not counts["observed"]):
        yield "  not all have answered; it stays assigned (`otx opamp agents --why UID`)"
        yield f"  `otx opamp push --follow {number}` waits on"
    if counts["observed"]:
        yield f"  {counts['observed']} still under observation: a crash in that time is FAILED"
        yield f"  `otx opamp push --follow {number} --wait proven` waits for the end of it"


def counts_text(counts: dict[str, int]) -> str:
    """How many agents are where, for people."""
    parts = [name for name in counts if name not in ("matching", "observed") and counts[name]]
    shown = ", ".join(f"{counts[name]} {name}" for name in parts)
    observed = f"; {counts['observed']} still observed" if counts["observed"] else ""
    return f"{counts['matching']} matching" + (f": {shown}{observed}" if shown else "")


def exit_code(push: Document, *, is_awaited: bool = True) -> int:
    """How a command about a push ends.

    Args:
        is_awaited: Whether its end was waited for; else nothing but failures so far counts.
    """
    if push["state"] == "stopped" or push["agents"]["failed"] or _reaches_nobody(push):
        return ExitCode.NO
    if push.get("timed_out"):
        return ExitCode.TIMEOUT
    is_over = push["state"] == "done" or not is_awaited
    return ExitCode.DONE if is_over else ExitCode.NO


def _reaches_nobody(push: Document) -> bool:
    """Whether a push holds for no agent, now or later: others stand before it, or none is able."""
    counts = push["agents"]
    out = counts["kept"] + counts["unable"]
    return bool(push["state"] == "done" and 0 < counts["matching"] == out)
