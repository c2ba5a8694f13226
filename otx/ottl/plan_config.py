"""A plan from a configuration: its components, wired as its pipelines say."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.ottl.collector import READERS, RUN_KINDS, find_components
from otx.ottl.pipelines import SERVICE, Service, near
from otx.ottl.plan import Pipeline, Plan, Step, plan_of_steps
from otx.ottl.processors.checked_only import CheckedOnly
from otx.ottl.processors.config import ConfigInvalid, Problem
from otx.ottl.program import ErrorMode
from otx.ottl.yaml_places import YamlPath

FORWARD = "forward"
"""The connector that hands on what it gets; beside routing the only one that is followed."""


def plan_of_config(
    data: object,
    gates: frozenset[str] = frozenset(),
    *,
    allows_extensions: bool = True,
    error_mode: ErrorMode | None = None,
    entered: Sequence[str] = (),
) -> Plan:
    """The components of a configuration, in the order of its pipelines.

    Args:
        data: The configuration.
        gates: Feature gates that are on.
        allows_extensions: Whether otx's own functions may be used.
        error_mode: Stands in for the modes that the configuration gives at its top.
        entered: The pipelines that requests enter, at most one a signal. Where none of a signal is
            named it is the first one that something outside feeds and that leads past OTTL.

    Raises:
        ConfigInvalid: Something of it cannot be used; all problems are named.
    """
    steps: dict[YamlPath, Step] = {}
    problems: list[Problem] = []
    for one in find_components(data):
        config = one.config
        if error_mode is not None and isinstance(config, Mapping):
            config = {**config, "error_mode": error_mode}
        try:
            made = READERS[one.kind](config, gates, allows_extensions=allows_extensions)
        except ConfigInvalid as invalid:
            problems += [problem.within(one.path) for problem in invalid.problems]
            continue
        if not isinstance(made, CheckedOnly):
            steps[one.path] = Step(one.name, made)
    wiring = Wiring(data)
    problems += [one for one in wiring.problems() if not wiring.is_bearable(one)]
    if problems:
        raise ConfigInvalid(problems)
    if not wiring.service.is_there:
        return plan_of_steps(dict.fromkeys(Signal, tuple(steps.values())))
    return wiring.plan(steps, entered)


def check_pipelines(data: object, names: Sequence[str], file: str = "the configuration") -> None:
    """See that requests can enter pipelines.

    Raises:
        UsageError: There is no such pipeline, or two of them are of one signal.
    """
    known = Service(data).pipelines
    signals: dict[Signal | None, str] = {}
    for name in names:
        if name not in known:
            hint = near(name, known) or "whole configurations have pipelines"
            raise UsageError(f"{file} has no pipeline {name!r}", hint=hint)
        signal = known[name].signal
        if signal in signals:
            raise UsageError(
                f"{signals[signal]} and {name} are both of {signal}",
                hint="requests enter one of them",
            )
        signals[signal] = name


class Wiring:
    """How the pipelines of a configuration hang together.

    Attributes:
        service: The pipelines.
    """

    def __init__(self, data: object) -> None:
        """Look at a configuration; what of it is no Collector's has no pipelines."""
        self.service = Service(data)
        self._components = {
            (str(one.path[0]), one.name): one
            for one in find_components(data)
            if len(one.path) == 2 and one.kind in RUN_KINDS
        }

    def problems(self) -> Iterator[Problem]:
        """What would keep a Collector from starting.

        It makes nothing of a connector that no pipeline hands data to, and so does not miss what
        that would route to.
        """
        yield from self.service.problems()
        used = {name for one in self.service.pipelines.values() for name in one.exporters}
        for one in self._components.values():
            if one.kind == "routing" and one.name in used:
                targets = {(*one.path, *path): name for path, name in _targets(one.config)}
                yield from self.service.target_problems(one.name, targets)

    def is_bearable(self, problem: Problem) -> bool:
        """Whether what is run here is the same without it.

        It is where a name stands for something that does nothing to records: a file of rules need
        not define `batch`.
        """
        if problem.path[: len(SERVICE)] != SERVICE or len(problem.path) < len(SERVICE) + 3:
            return False
        name, key, at = problem.path[len(SERVICE) :]
        listed = getattr(self.service.pipelines[str(name)], str(key))
        word = listed[at].partition("/")[0]
        return not difflib.get_close_matches(word, (*READERS, FORWARD), n=1, cutoff=0.8)

    def choices(self, signal: Signal) -> list[str]:
        """The pipelines that requests of a signal may enter and that lead past a component."""
        return [name for name in self.service.entries(signal) if self._leads_past_any(name)]

    def not_followed(self, name: str) -> list[str]:
        """The connectors from a pipeline into others of its signal that data ends at."""
        signal = self.service.pipelines[name].signal
        return [
            one
            for one in self.service.connectors_of(name)
            if not self._is_routing(one) and not _is_forward(one)
            if self.service.fed_by(one, signal)
        ]

    def plan(self, steps: Mapping[YamlPath, Step], entered: Sequence[str]) -> Plan:
        """The plan where requests enter the pipelines that are named, or the first ones."""
        pipelines = {name: self._pipeline(name, steps) for name in self.service.pipelines}
        named = {self.service.pipelines[name].signal: name for name in entered}
        entries = {}
        reached: dict[str, Pipeline] = {}
        for signal in Signal:
            name = named.get(signal) or next(iter(self.choices(signal)), None)
            entries[signal] = Pipeline("", ()) if name is None else pipelines[name]
            if name is not None:
                reached |= {one: pipelines[one] for one in self._reach(name)}
        plan = Plan(entries, reached)
        used = {id(step) for of_signal in plan.steps.values() for step in of_signal}
        return plan.changed(idle=[one for one in steps.values() if id(one) not in used])

    def _pipeline(self, name: str, steps: Mapping[YamlPath, Step]) -> Pipeline:
        config = self.service.pipelines[name]
        processors = [
            steps["processors", one]
            for one in config.processors
            if ("processors", one) in self._components
        ]
        routing = [
            steps["connectors", one]
            for one in self.service.connectors_of(name)
            if self._is_routing(one)
        ]
        others = [
            one for one in config.exporters if not self._is_routing(one) and not _is_forward(one)
        ]
        is_end = bool(others) or not config.exporters
        return Pipeline(name, processors, routing, self._forwarded(name), is_end)

    def _is_routing(self, connector: str) -> bool:
        return ("connectors", connector) in self._components

    def _forwarded(self, name: str) -> list[str]:
        signal = self.service.pipelines[name].signal
        connectors = filter(_is_forward, self.service.connectors_of(name))
        return [to for one in connectors for to in self.service.fed_by(one, signal)]

    def _reach(self, name: str) -> list[str]:
        """The pipelines that data comes by after a pipeline, nearest first."""
        found: dict[str, None] = {}
        waiting = [name]
        while waiting:
            at = waiting.pop(0)
            routed = [
                target
                for one in self.service.connectors_of(at)
                if self._is_routing(one)
                for _, target in _targets(self._components["connectors", one].config)
                if target in self.service.pipelines
            ]
            following = [one for one in (*self._forwarded(at), *routed) if one not in found]
            found.update(dict.fromkeys(following))
            waiting += following
        return list(found)

    def _leads_past_any(self, name: str) -> bool:
        return any(
            ("processors", one) in self._components
            for at in (name, *self._reach(name))
            for one in self.service.pipelines[at].processors
        ) or any(map(self._is_routing, self.service.connectors_of(name)))


def _is_forward(name: str) -> bool:
    return name.partition("/")[0] == FORWARD


def _targets(config: Any) -> Iterator[tuple[YamlPath, str]]:
    """The pipelines that a routing connector names, each with its place."""
    if not isinstance(config, Mapping):
        return
    rows = config.get("table")
    for at, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, Mapping):
            yield from _listed(("table", at, "pipelines"), row.get("pipelines"))
    yield from _listed(("default_pipelines",), config.get("default_pipelines"))


def _listed(path: YamlPath, value: object) -> Iterator[tuple[YamlPath, str]]:
    for at, one in enumerate(value if isinstance(value, list) else ()):
        if isinstance(one, str):
            yield (*path, at), one
