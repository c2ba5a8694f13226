"""A push from the operator's side: what it would change, and what the agents make of it."""

import base64
import difflib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath

from otx.environment import Environment
from otx.errors import ExitCode, NotThere, UsageError, missing_extra
from otx.model.cells import printable
from otx.model.units import counted
from otx.opamp.server.documents import Document
from otx.services.opamp_serve.client import RemoteFleet, Unreachable

LOOK_S, LONGEST_LOOK_S = 0.1, 1.0
"""How long to wait between two looks: the first ones are close, for small fleets."""
MOST_MISSES = 30
"""Looks at a server that does not answer, about half a minute."""
NAMED = 5
"""Agents that are named one by one; of more only the number is told."""
LONGEST_DIFF = 60
CONTENT_TYPES = {
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
    ".json": "application/json",
    ".toml": "application/toml",
    ".txt": "text/plain",
}
_WORDS = {
    "changes": "get it",
    "in_sync": "have it already",
    "away": "are away and get it when they return",
    "failed_before": "reported FAILED for just this and are left out (--retry tries again)",
    "kept": "keep what a more specific push gives them",
    "unable": "do not accept remote configuration",
}


class Follower:
    """Watches a push until nobody is left to wait for."""

    def __init__(
        self,
        fleet: RemoteFleet,
        note: Callable[[str], None],
        timeout_s: float,
        clock_s: Callable[[], float] = time.monotonic,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        """Watch at most `timeout_s`, and while a push in stages goes on by itself."""
        self._fleet = fleet
        self._note = note
        self._timeout_s = timeout_s
        self._clock_s = clock_s
        self._rest = rest
        self._misses = 0

    def follow(self, push: Document) -> Document:
        """The push when it is over; `timed_out` says whether agents are still expected."""
        ends_s = self._clock_s() + self._timeout_s
        said, look_s = "", LOOK_S
        while True:
            line = f"push {push['number']} {push['state']}: {counts_text(push['agents'])}"
            if line != said:
                self._note(line)
                said = line
            is_staged = push["state"] == "running"
            if not is_staged and (push["state"] != "done" or not push["agents"]["waiting"]):
                return {**push, "timed_out": False}
            if not is_staged and self._clock_s() > ends_s:
                return {**push, "timed_out": True}
            if is_staged:
                ends_s = self._clock_s() + self._timeout_s
            self._rest(look_s)
            look_s = min(LONGEST_LOOK_S, look_s * 1.1)
            push = self._looked_at(push)

    def _looked_at(self, push: Document) -> Document:
        """The push as it is now; as it was, while a server that restarts is waited for.

        Raises:
            PeerError: It does not come back; the push goes on when it does.
        """
        number = push["number"]
        try:
            found = self._fleet.get(f"pushes/{number}")
        except Unreachable as error:
            self._misses += 1
            if self._misses == 1:
                self._note(f"{error.message}: waiting for it")
            if self._misses <= MOST_MISSES:
                return push
            raise Unreachable(
                error.message,
                hint=f"push {number} is kept and goes on with the server: `otx opamp push --list`",
            ) from None
        self._misses = 0
        return found


def changed(fleet: RemoteFleet, number: int, verb: str, who: str, why: str) -> Document:
    """A push after pause, resume or rollback."""
    return fleet.post(f"pushes/{number}/{verb}", {"who": who, "why": why})


def read_object(environment: Environment, path: str, content_type: str | None) -> Document:
    """A configuration's file as the API takes it; YAML has to be YAML.

    Raises:
        UsageError: It cannot be read, or is not what its type says.
    """
    body = _read(environment, path)
    ending = PurePath(path).suffix.lower()
    kind = content_type or CONTENT_TYPES.get(ending, "text/yaml" if path == "-" else "")
    if kind == "text/yaml":
        _check_yaml(body, path)
    return {"body_base64": base64.b64encode(body).decode(), "content_type": kind}


def read_settings_file(environment: Environment, path: str) -> Document:
    """Connection settings of a file in YAML, of which JSON is a part.

    Raises:
        UsageError: It cannot be read, or is no mapping.
    """
    body = _read(environment, path)
    _check_yaml(body, path)
    import yaml

    wanted = yaml.safe_load(body)
    if not isinstance(wanted, dict):
        raise UsageError(f"{path}: error: no mapping", hint="opamp: {endpoint: …, headers: {…}}")
    return wanted


def plan_lines(
    fleet: RemoteFleet, plan: Document, objects: Mapping[str, Document]
) -> Iterator[str]:
    """What a push would do, for people: to whom, and what is new in it."""
    total = sum(len(plan[place]) for place in _WORDS)
    whom = plan["selector"] or "all agents"
    yield (
        f"{plan['name']} v{plan['version']} ({plan['config'][:8]}) for {whom}:"
        f" {counted(total, 'agent')} match"
    )
    for place, words in _WORDS.items():
        agents = plan[place]
        if agents:
            names = ", ".join(f"{one['service']} {one['uid']}" for one in agents[:NAMED])
            more = f" and {len(agents) - NAMED} more" if len(agents) > NAMED else ""
            yield f"  {len(agents)} {words}: {names}{more}"
    if elsewhere := plan.get("failed_elsewhere"):
        yield (
            f"  WARNING: {counted(len(elsewhere), 'other agent')} reported FAILED for just this:"
            f" {printable(elsewhere[0]['reason'])}"
        )
    for number in sorted({one["push"] for one in plan["kept"]}):
        yield f"    `otx opamp rollback {number}` would let this one hold instead of push {number}"
    if plan["stages"] != "100%":
        yield f"  in stages: {plan['stages']}"
    yield from _difference(fleet, plan, objects)


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


def _read(environment: Environment, path: str) -> bytes:
    try:
        return environment.stdin.read() if path == "-" else (environment.cwd / path).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _check_yaml(body: bytes, path: str) -> None:
    try:
        import yaml  # 15 ms
    except ImportError as error:
        raise missing_extra(error.name or "yaml", "opamp") from None
    try:
        yaml.safe_load(body)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        raise UsageError(
            f"{place}: error: {error.problem or 'no YAML'}", hint="--content-type says what it is"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: error: no YAML: {error}") from None


def _difference(
    fleet: RemoteFleet, plan: Document, objects: Mapping[str, Document]
) -> Iterator[str]:
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
    name = f"{before['name']} v{before['version']}"
    yield f"  what differs from {name} ({hash_[:8]}), which {count} of them run:"
    after = {
        key: base64.b64decode(one["body_base64"]).decode(errors="replace")
        for key, one in objects.items()
    }
    bodies = {key: one["body"] for key, one in before["objects"].items()}
    yield from ("  " + line for line in difference(bodies, after))


def _running(config: Document) -> str | None:
    """The hash of what an agent runs: as it says itself, else what it reports as APPLIED."""
    running = config.get("running")
    if running is not None:
        return None if running == "local" else str(running)
    return config["reported"] if config["status"] == "applied" else None


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
