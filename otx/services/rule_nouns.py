"""What the rules of filters and the rows of routing tables count, in words."""

from collections.abc import Mapping

from otx.ottl.plan import Plan

NOUNS: Mapping[str, str] = {
    "resource": "resource",
    "scope": "scope",
    "span": "span",
    "spanevent": "span event",
    "metric": "metric",
    "datapoint": "data point",
    "log": "log record",
    "profile": "profile",
}
"""What a rule of each context drops, in the singular."""
_PARTS = ("resource", "scope", "spanevent", "datapoint")


def nouns_of(plan: Plan) -> dict[str, str]:
    """What is counted by the name of a rule or row, where that is not whole records."""
    from otx.ottl.processors.filter import FilterProcessor  # both 8 ms: a plan may have neither
    from otx.ottl.processors.routing import RoutingConnector

    found = {}
    for signal, steps in plan.steps.items():
        for step in steps:
            contexts: dict[str, str] = {}
            if isinstance(step.processor, FilterProcessor):
                rules = step.processor.rules.get(signal, ())
                contexts = {rule.name: rule.context for rule in rules if rule.context in _PARTS}
            elif isinstance(step.processor, RoutingConnector):
                rows = step.processor.rows
                contexts = {row.name: row.context for row in rows if row.context == "datapoint"}
            found.update({f"{step.name}.{name}": NOUNS[at] for name, at in contexts.items()})
    return found
