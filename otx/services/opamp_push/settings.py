"""Connection settings from a file: whom they would reach, and what the agents make of them."""

from collections.abc import Iterator

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.model.cells import printable
from otx.opamp.server.documents import Document
from otx.services.opamp_push.follower import Awaited, Follower
from otx.services.opamp_push.objects import check_yaml, read_file
from otx.services.opamp_push.plan import named
from otx.services.opamp_push.words import NAMED, agreed, matching_text, named_agent

_WORDS = {
    "waiting": ("gets them", "get them"),
    "silent": (
        "gets them and does not report what becomes of settings",
        "get them and do not report what becomes of settings",
    ),
    "away": ("is away and gets them when it returns", "are away and get them when they return"),
    "kept": (
        "keeps what more specific settings give it",
        "keep what more specific settings give them",
    ),
    "unable": (
        "takes none of these parts: its capabilities do not allow it",
        "take none of these parts: their capabilities do not allow it",
    ),
}


def read_settings_file(environment: Environment, path: str) -> Document:
    """Connection settings of a file in YAML, of which JSON is a part.

    Raises:
        UsageError: It cannot be read, or is no mapping.
    """
    body = read_file(environment, path)
    check_yaml(body, path)
    import yaml

    wanted = yaml.safe_load(body)
    if not isinstance(wanted, dict):
        raise UsageError(f"{path}: error: no mapping", hint="opamp: {endpoint: …, headers: {…}}")
    return wanted


def settings_plan_lines(plan: Document) -> Iterator[str]:
    """What an offer would do, for people."""
    total = sum(len(plan[place]) for place in _WORDS)
    yield f"settings ({', '.join(plan['parts'])}): {matching_text(total, plan['selector'])}"
    if plan["rotates_token"]:
        yield "  with a token made for them; the one before stays valid until all have moved on"
    if endpoint := plan["opamp_endpoint"]:
        yield f"  they connect to {printable(endpoint)}"
        if not plan["is_own_endpoint"]:
            yield "  WARNING: that is not this server: who applies them is not heard here any more"
    for place, words in _WORDS.items():
        if agents := plan[place]:
            yield f"  {agreed(len(agents), *words)}: {named(agents)}"
    for agent in [one for one in plan["waiting"] + plan["silent"] if one["lacks"]][:NAMED]:
        yield f"    {named_agent(agent)} takes no {', '.join(agent['lacks'])}"


def settings_lines(settings: Document) -> Iterator[str]:
    """What became of an offer, for people."""
    counts = settings["agents"]
    shown = [f"{counts[name]} {name}" for name in counts if name != "matching" and counts[name]]
    yield (
        f"settings {settings['number']} {settings['state']}:"
        f" {counts['matching']} matching" + (f": {', '.join(shown)}" if shown else "")
    )
    for failure in settings["failures"][:NAMED]:
        yield f"  {failure['uid']} FAILED: {printable(failure['reason']) or 'it gave no reason'}"
    if _reaches_nobody(settings):
        yield "  they reach no agent: none takes one of these parts, or others hold for them"
    if counts["silent"]:
        words = ("was sent them and does not report", "were sent them and do not report")
        yield f"  {agreed(counts['silent'], *words)} what becomes of settings"
    if settings.get("timed_out"):
        yield "  not all have answered; they stay offered (`otx opamp audit`)"


def settings_exit_code(settings: Document) -> int:
    """How a command about settings ends."""
    if settings["agents"]["failed"] or _reaches_nobody(settings):
        return ExitCode.NO
    return ExitCode.TIMEOUT if settings.get("timed_out") else ExitCode.DONE


class SettingsFollower(Follower):
    """Watches an offer of settings until every agent that is there has answered."""

    NOUN, PLACE = "settings", "settings"
    AGAIN = "they stay offered: `otx opamp audit` says what became of them"

    def awaited(self, found: Document, was_away: int) -> Awaited:
        """What is waited for; agents that connect anew for settings are away for a moment."""
        counts = found["agents"]
        is_open = counts["waiting"] or counts["applying"] or counts["away"] > was_away
        return "answers" if is_open else ""

    def line(self, found: Document) -> str:
        """How far it is."""
        return next(settings_lines(found))


def _reaches_nobody(settings: Document) -> bool:
    counts = settings["agents"]
    return bool(counts["matching"] == counts["kept"] + counts["unable"])
