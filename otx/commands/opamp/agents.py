"""`otx opamp agents`: the fleet as a table, and why one of it is not updating."""

from typing import Annotated, Any, Literal

import typer

from otx.commands.opamp.options import (
    CaOption,
    CertOption,
    DbOption,
    OutOption,
    SelectorOption,
    ServerOption,
    TokenFileOption,
    fleet_reader,
)
from otx.commands.opamp.tables import Fit, WideOption, write_table
from otx.environment import Environment
from otx.output import Output, Remarks

LEAST = {"service": 10, "host": 8, "version": 7, "health": 12, "config": 16}
"""Columns that may be cut where a terminal is narrow, and how far."""
HIDDEN_FIRST = ["since", "version", "has", "host", "seen"]
LEAST_LABEL = 6
"""The same for labels that were asked for."""
SHOWN = ["uid", "service", "version", "host", "state", "health", "config", "has", "since", "seen"]
KEYS = [
    *("uid", "service", "version", "host", "labels", "state", "transport", "peer"),
    *("first_seen", "last_seen", "connected_since", "sequence_num", "needs_full_state"),
    *("capabilities", "healthy", "health_status", "health_error", "health_since", "start_time"),
    *("config", "settings", "interval_s"),
]
_MARKS = {True: "yes", False: "NO", None: " - "}


def agents(
    ctx: typer.Context,
    selector: SelectorOption = None,
    label: Annotated[
        list[str] | None,
        typer.Option("-L", "--label", metavar="KEY", help="Show this label, too; repeatable."),
    ] = None,
    wide: WideOption = False,
    why: Annotated[
        str | None,
        typer.Option(metavar="UID", help="Say why this agent is not updating, and what to do."),
    ] = None,
    form: Annotated[
        Literal["table", "json", "jsonl"], typer.Option("--format", help="The form of the output.")
    ] = "table",
    server: ServerOption = None,
    db: DbOption = None,
    token_file: TokenFileOption = None,
    ca: CaOption = None,
    cert: CertOption = None,
    out: OutOption = "-",
) -> None:
    """List the agents of a server: who, connected or not, health, configuration."""
    from otx.opamp.server.selector import parse_selector

    environment: Environment = ctx.obj
    chosen = str(parse_selector(selector or []))
    fleet = fleet_reader(environment, server, db, token_file, ca, cert)
    if why is not None:
        _explain(fleet.why(why), Output(environment, out), form)
        return
    found = fleet.agents(chosen)
    output = Output(environment, out)
    if form != "table":
        output.rows(KEYS, found, form)
    elif found:
        keys = [key for key in label or [] if key not in SHOWN]
        rows = [_shown(agent, keys, environment.clock()) for agent in found]
        fit = Fit("uid", {**dict.fromkeys(keys, LEAST_LABEL), **LEAST}, HIDDEN_FIRST)
        write_table(environment, output, [*SHOWN, *keys], rows, fit, is_wide=wide)
    if not found:
        Remarks(environment).note("no agent matches" if chosen else "no agent was ever heard")


def _explain(found: dict[str, Any], output: Output, form: str) -> None:
    if form != "table":
        output.document(found)
        return
    lines = [f"{found['service']} {found['uid']}"]
    lines += [
        f"  {_MARKS[step['holds']]}  {step['name']}: {step['says']}" for step in found["steps"]
    ]
    if found["is_up_to_date"]:
        lines.append(f"nothing stands in its way: {found['verdict']}")
    else:
        # Health and starts come after the update: it has what it should.
        is_in_place = found["blocked_at"] in ("health", "restarts")
        first = "no update is missing, but" if is_in_place else "it is not updating because"
        lines.append(f"{first} {found['verdict']}")
        if found["fix"]:
            lines.append(f"  do: {found['fix']}")
    output.text("\n".join(map(_printable, lines)))


def _shown(agent: dict[str, Any], labels: list[str], now_ns: int) -> dict[str, Any]:
    """A row for people, with labels of their choice."""
    return {
        **{key: agent["labels"].get(key) for key in labels},
        "uid": agent["uid"],
        "service": agent["service"],
        "version": agent["version"],
        "host": agent["host"],
        "state": agent["state"],
        "health": _health(agent),
        "config": _config(agent["config"]),
        "has": _has(agent["config"]),
        "since": _ago(agent["config"]["since"], now_ns),
        "seen": _ago(agent["last_seen"], now_ns),
    }


def _health(agent: dict[str, Any]) -> str:
    from otx.model.cells import shorten

    if agent["healthy"] is None:
        return ""
    if agent["state"] == "gone":
        return "was ok" if agent["healthy"] else "was unhealthy"
    if agent["healthy"]:
        return "ok"
    return shorten(f"✗ {agent['health_error'] or agent['health_status'] or ''}".strip(), 40)


def _config(config: dict[str, Any]) -> str:
    """What it is assigned and how it stands to it; hashes as their beginnings."""
    assigned, reported = (config["assigned"] or "")[:8], (config["reported"] or "")[:8]
    standing = config["standing"]
    if standing == "none":
        return f"{config['status']} {reported}" if reported else "none"
    words = {"in_sync": "applied", "failed": "FAILED", "rolled_back": "FAILED"}
    text = f"{words.get(standing, standing)} {assigned}"
    if standing == "in_sync" and config.get("good") not in (None, config["assigned"]):
        return f"{text}, observed"
    if not reported or reported == assigned:
        return text
    is_over = config.get("taken_back") and config.get("running") in (None, config["reported"])
    return f"{text}, {reported} taken back" if is_over else f"{text}, reports {reported}"


def _has(config: dict[str, Any]) -> str:
    """What it runs: as it says itself, else by what it reports APPLIED; empty where unknown."""
    running = config.get("running")
    if running is None and config["status"] == "applied":
        running = config["reported"]
    return (running or "")[:8]


def _ago(time: str | None, now_ns: int) -> str:
    from otx.model.units import format_duration, parse_time_unix_nano

    if time is None:
        return ""
    return format_duration(max(0, now_ns - parse_time_unix_nano(time, now_ns)))


def _printable(line: str) -> str:
    from otx.model.cells import printable

    return printable(line)
