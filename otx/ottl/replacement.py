"""The OTTL to write in place of a filter's `include` and `exclude`, as YAML that can be copied."""

from collections.abc import Iterator
from typing import Any

from otx.errors import UsageError
from otx.model.frozen import Frozen
from otx.ottl.collector import Component, find_components
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan_source import placed
from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.processors.filter import CONDITIONS_KEY, MATCHED, Rule, read_filter
from otx.ottl.processors.properties import PropertyCondition
from otx.ottl.source import ConfigFile, StatementFile
from otx.ottl.yaml_places import FilePlace
from otx.ottl.yaml_quotes import yaml_text


class Condition(Frozen):
    """What one block drops.

    Attributes:
        rule: Where it stands: `spans.include`.
        text: The condition that is true for what it drops.
        drops_others: Whether that is what does not match.
        notes: Where the condition decides otherwise than the properties.
    """

    rule: str
    text: str
    drops_others: bool
    notes: tuple[str, ...] = ()


class Replacement(Frozen):
    """Conditions in place of what a component says of one signal.

    Attributes:
        component: The filter.
        key: What it has now: `spans`, `metrics` or `logs`.
        conditions_key: What is to stand there.
        place: Where it stands in the file.
    """

    component: str
    key: str
    conditions_key: str
    file: str
    place: FilePlace
    conditions: tuple[Condition, ...]

    def lines(self) -> Iterator[str]:
        """The replacement as YAML."""
        yield f"# {self.component}, in place of {self.key} ({self.file}:{self.place.line})"
        yield f"{self.conditions_key}:"
        for one in self.conditions:
            which = "does not match" if one.drops_others else "matches"
            yield f"  # {one.rule} drops what {which}"
            yield f"  - {yaml_text(one.text)}"
            yield from (f"    # {note}" for note in one.notes)

    def document(self) -> dict[str, Any]:
        """The replacement for programs."""
        return {
            "component": self.component,
            "replaces": self.key,
            "file": self.file,
            "line": self.place.line,
            "key": self.conditions_key,
            "conditions": [
                {"rule": one.rule, "condition": one.text, "notes": list(one.notes)}
                for one in self.conditions
            ],
        }


def replacements(source: StatementFile | ConfigFile, functions: FunctionSet) -> list[Replacement]:
    """What to write in place of every `include` and `exclude` of a file.

    Raises:
        UsageError: A filter cannot be used, or none matches by properties.
    """
    found: list[Replacement] = []
    if isinstance(source, ConfigFile):
        for component in find_components(source.data):
            if component.kind == "filter":
                found += _of_component(source, component, functions)
    if not found:
        raise UsageError(
            f"{source.name} has no filter processor with include or exclude",
            hint="a statement is explained as it stands: otx ottl explain 'set(…)'",
        )
    return found


def _of_component(
    source: ConfigFile, component: Component, functions: FunctionSet
) -> Iterator[Replacement]:
    try:
        processor = read_filter(
            component.config, functions.gates, allows_extensions=functions.allows_extensions
        )
    except ConfigInvalid as invalid:
        problems = [one.within(component.path) for one in invalid.problems]
        raise placed(source, ConfigInvalid(problems)) from None
    for key, signal in MATCHED.items():
        conditions = tuple(filter(None, map(_condition, processor.rules.get(signal, ()))))
        if conditions:
            place = source.document.key_place((*component.path, key))
            yield Replacement(
                component.name, key, CONDITIONS_KEY[signal], source.name, place, conditions
            )


def _condition(rule: Rule) -> Condition | None:
    condition = rule.condition
    if not isinstance(condition, PropertyCondition):
        return None
    notes = tuple(f"{one.path}: {one.note}" for one in condition.checks if one.note)
    return Condition(rule.name, condition.ottl, condition.is_negated, notes)
