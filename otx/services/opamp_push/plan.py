"""What a push would do, for people: to whom, who will not take it, and what is new in it."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping

from otx.errors import NotThere
from otx.model.cells import printable, shorten
from otx.model.units import counted
from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.opamp.server.documents import Document, config_map_document
from otx.opamp.signing import SIGNATURE
from otx.services.opamp_push.words import LONGEST_NAME, NAMED, agreed, matching_text, named_agent
from otx.services.opamp_serve.client import RemoteFleet

LONGEST_DIFF = 60
_WORDS = {
    "changes": ("gets it", "get it"),
    "in_sync": ("has it already", "have it already"),
    "away": ("is away and gets it when it returns", "are away and get it when they return"),
    "failed_before": (
        "reported FAILED for just this and is left out (--retry tries again)",
        "reported FAILED for just this and are left out (--retry tries again)",
    ),
    "kept": (
        "keeps what a more specific push gives it",
        "keep what a more specific push gives them",
    ),
    "unable": ("does not accept remote configuration", "do not accept remote configuration"),
}


def plan_lines(fleet: RemoteFleet, plan: Document, config: AgentConfigMap) -> Iterator[str]:
    """What a push would do, for people: to whom, and what is new in it."""
    total = sum(len(plan[place]) for place in _WORDS)
    yield (
        f"{shorten(plan['name'], LONGEST_NAME)} v{plan['version']} ({plan['config'][:8]})"
        f": {matching_text(total, plan['selector'])}"
    )
    if signers := plan["signed_by"]:
        yield f"  signed by key {printable(', '.join(signers))}"
    for place, words in _WORDS.items():
        if agents := plan[place]:
            yield f"  {agreed(len(agents), *words)}: {named(agents)}"
    yield from _refusals(plan["will_refuse"])
    if elsewhere := plan.get("failed_elsewhere"):
        yield (
            f"  WARNING: {counted(len(elsewhere), 'other agent')} reported FAILED for just this:"
            f" {printable(elsewhere[0]['reason'])}"
        )
    for number in sorted({one["push"] for one in plan["kept"]}):
        yield f"    `otx opamp rollback {number}` would let this one hold instead of push {number}"
    if plan["stages"] != "100%":
        yield f"  in stages: {plan['stages']}"
    yield from _difference(fleet, plan, config)


def _refusals(agents: list[Document]) -> Iterator[str]:
    """Agents that say which keys they trust, where none of them has signed."""
    if not agents:
        return
    yield f"  WARNING: {len(agents)} will report FAILED: {named(agents)}"
    for reason in sorted({one["reason"] for one in agents})[:NAMED]:
        yield f"    {printable(reason)}"
    yield "    `--sign KEYFILE` signs it, or `otx opamp sign` where the key is"


def named(agents: list[Document]) -> str:
    """The first agents by name, and how many more there are."""
    names = ", ".join(map(named_agent, agents[:NAMED]))
    return names + (f" and {len(agents) - NAMED} more" if len(agents) > NAMED else "")


def _difference(fleet: RemoteFleet, plan: Document, config: AgentConfigMap) -> Iterator[str]:
    """What differs from what most of the agents that change have now, as far as it is text."""
    rows = {row["uid"]: row for row in fleet.agents(plan["selector"])}
    changing = [rows[one["uid"]] for one in plan["changes"] if one["uid"] in rows]
    hashes = Counter(filter(None, (_running(row["config"]) for row in changing)))
    if not hashes:
        return
    hash_, count = hashes.most_common(1)[0]
    try:
        before = fleet.get(f"configs/{hash_}")
    except NotThere:
        return  # another server's
    name = f"{shorten(before['name'], LONGEST_NAME)} v{before['version']}"
    yield f"  what differs from {name} ({hash_[:8]}), which {agreed(count, 'runs', 'of them run')}:"
    yield from (
        "  " + printable(line)
        for line in difference(_bodies(before["objects"]), _bodies(config_map_document(config)))
    )


def _running(config: Document) -> str | None:
    """The hash of what an agent runs: as it says itself, else what it reports as APPLIED."""
    running = config.get("running")
    if running is not None:
        return None if running == "local" else str(running)
    return config["reported"] if config["status"] == "applied" else None


def _bodies(objects: Mapping[str, Document]) -> dict[str, str]:
    """Name -> text, without the signature, which nobody reads."""
    return {name: str(one["body"]) for name, one in objects.items() if name != SIGNATURE}


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The lines that differ, as diff -u shows them without its head; the first ones of many."""
    lines = list(difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=2))[2:]
    more = len(lines) - LONGEST_DIFF
    return lines[:LONGEST_DIFF] + ([f"… {more} lines more"] if more > 0 else [])


def _lines(objects: Mapping[str, str]) -> list[str]:
    """Configuration objects one below the other."""
    found: list[str] = []
    for name, body in sorted(objects.items()):
        found += [f"# object {name}"] if name else []
        found += body.splitlines()
    return found
