"""The rules of OpAMP as data: the monitor names broken ones, `otx opamp conform` tests for each.

MUST, SHOULD and MAY are the specification's own words; ROBUST is what it does not ask for and what
practice shows to be needed.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

_LINE = re.compile(r"(\d+) (\w+) (\w+) (\w+) \(([^)]+)\) (.+)")
CHECKLIST_ENDS = 200
"""Rules from this number on are named by the monitor only."""


class Role(Enum):
    """Who the rule binds."""

    CLIENT = "client"
    SERVER = "server"
    BOTH = "both"


class Transport(Enum):
    """Where the rule holds."""

    WEBSOCKET = "ws"
    HTTP = "http"
    BOTH = "both"


class Level(Enum):
    """How strongly."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"
    ROBUST = "ROBUST"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `section` is the specification's heading, `sentence` says it in our words."""

    number: int
    role: Role
    transport: Transport
    level: Level
    section: str
    sentence: str


@cache
def all_rules() -> dict[int, Rule]:
    """Every rule by its number, in ascending order."""
    text = Path(__file__).with_name("rules.txt").read_text(encoding="utf-8")
    parsed = [_parse(line) for line in text.splitlines() if line and not line.startswith("#")]
    return {rule.number: rule for rule in parsed}


def rule(number: int) -> Rule:
    """The rule of this number.

    Raises:
        KeyError: there is none.
    """
    return all_rules()[number]


def checklist() -> list[Rule]:
    """The rules that a conformance test asks for, in ascending order."""
    return [one for one in all_rules().values() if one.number < CHECKLIST_ENDS]


def _parse(line: str) -> Rule:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"not a rule: {line}")
    number, role, transport, level, section, sentence = match.groups()
    return Rule(int(number), Role(role), Transport(transport), Level(level), section, sentence)
