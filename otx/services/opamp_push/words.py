"""What became of a push: in words for people, and as an exit code."""

from collections.abc import Iterator

from otx.errors import ExitCode
from otx.model.cells import printable
from otx.opamp.server.documents import Document

NAMED = 5
"""Agents that are named one by one; of more only the number is told."""


def push_lines(push: Document) -> Iterator[str]:
    """What became of a push, for people."""
    yield (
        f"push {push['number']} {push['state']}: {push['name']} v{push['version']}"
        f" ({push['config'][:8]}): {counts_text(push['agents'])}"
    )
    if _reaches_nobody(push):
        yield "  it reaches no agent: what they keep holds for them (`otx opamp agents --why UID`)"
    if push["note"]:
        yield f"  {printable(push['note'])}"
    for failure in push["failures"][:NAMED]:
        yield f"  {failure['uid']} FAILED: {printable(failure['reason'])}"
    if push["state"] == "stopped":
        yield f"  `otx opamp push --resume {push['number']}` goes on,"
        yield f"  `otx opamp rollback {push['number']}` takes it back"
    if push["state"] == "done" and push["agents"]["applied"] and push.get("stages") == "100%":
        yield "  agents go on observing it: a crash in their window is FAILED (`otx opamp agents`)"
    if push.get("timed_out"):
        yield "  not all have answered; it stays assigned (`otx opamp agents --why UID`)"


def counts_text(counts: dict[str, int]) -> str:
    """How many agents are where, for people."""
    shown = [f"{counts[name]} {name}" for name in counts if name != "matching" and counts[name]]
    return f"{counts['matching']} matching" + (f": {', '.join(shown)}" if shown else "")


def exit_code(push: Document) -> int:
    """How a command about a push ends."""
    if push["state"] == "stopped" or push["agents"]["failed"] or _reaches_nobody(push):
        return ExitCode.NO
    return ExitCode.TIMEOUT if push.get("timed_out") else ExitCode.DONE


def _reaches_nobody(push: Document) -> bool:
    """Whether a push holds for no agent, now or later: others stand before it, or none is able."""
    counts = push["agents"]
    out = counts["kept"] + counts["unable"]
    return bool(push["state"] == "done" and 0 < counts["matching"] == out)
