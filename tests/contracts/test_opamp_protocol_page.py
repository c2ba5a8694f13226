"""docs/opamp-protocol.md lists the rules and the configuration loop as they are."""

from pathlib import Path

import pytest

from otx.opamp.config_table import TABLE, Event, Phase, Row
from otx.opamp.rules import Rule, all_rules

PAGE = (Path(__file__).parents[2] / "docs" / "opamp-protocol.md").read_text().splitlines()


def rule_line(rule: Rule) -> str:
    where = f"{rule.role.value}, {rule.transport.value}"
    return f"| {rule.number} | {where} | {rule.level.value} | {rule.sentence} |"


def loop_line(phase: Phase, event: Event, row: Row) -> str:
    to = row.to.value if row.to else "what runs"
    notes = ", ".join(note.name.lower().replace("_", " ") for note in row.notes)
    acts = ", ".join(act.name.lower().replace("_", " ") for act in row.acts)
    return f"| {phase.value} | {event.value} | {to} | {notes} | {acts} |"


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: str(rule.number))
def test_each_rule_stands_in_the_page(rule: Rule) -> None:
    assert rule_line(rule) in PAGE


def test_no_other_rule_stands_in_the_page() -> None:
    listed = [line for line in PAGE if line.startswith("| ") and line.split()[1].isdigit()]
    assert listed == [rule_line(rule) for rule in all_rules().values()]


def test_the_loop_stands_in_the_page() -> None:
    lines = [loop_line(phase, event, row) for (phase, event), row in TABLE.items()]
    phases = tuple(f"| {phase.value} |" for phase in Phase)
    assert [line for line in PAGE if line.startswith(phases)] == lines
