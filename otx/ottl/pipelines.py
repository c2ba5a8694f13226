"""The pipelines of a Collector's configuration: what feeds them, and what they feed."""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from otx.model.frozen import Frozen
from otx.model.signal import Signal
from otx.ottl.processors.config import Problem
from otx.ottl.yaml_places import YamlPath

SERVICE: YamlPath = ("service", "pipelines")
_SECTIONS: Mapping[str, Sequence[str]] = {
    "receivers": ("receivers", "connectors"),
    "processors": ("processors",),
    "exporters": ("exporters", "connectors"),
}
"""The lists of a pipeline, and the sections that define what they name."""


class PipelineConfig(Frozen):
    """A pipeline as it is configured.

    Attributes:
        signal: What goes through it; None for a name that says no signal.
    """

    name: str
    signal: Signal | None
    receivers: tuple[str, ...]
    processors: tuple[str, ...]
    exporters: tuple[str, ...]


class Service:
    """The pipelines of a configuration and how connectors join them.

    Attributes:
        pipelines: By name, in the order of the file.
    """

    def __init__(self, data: object) -> None:
        """Read what there is; what is malformed is left out."""
        self._data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        service = _mapping(self._data.get("service"))
        self.is_there = isinstance(self._data.get("service"), Mapping)
        self.pipelines: dict[str, PipelineConfig] = {
            str(name): _pipeline(str(name), config)
            for name, config in _mapping(service.get("pipelines")).items()
            if isinstance(config, Mapping)
        }
        self._connectors = frozenset(map(str, _mapping(self._data.get("connectors"))))

    def connectors_of(self, name: str) -> list[str]:
        """The connectors that a pipeline hands its data to."""
        return [one for one in self.pipelines[name].exporters if one in self._connectors]

    def fed_by(self, connector: str, signal: Signal | None = None) -> list[str]:
        """The pipelines that receive from a connector, of one signal or of all."""
        return [
            one.name
            for one in self.pipelines.values()
            if connector in one.receivers and signal in (None, one.signal)
        ]

    def entries(self, signal: Signal) -> list[str]:
        """The pipelines of a signal that get something from outside it."""
        fed = {
            (connector, one.signal)
            for one in self.pipelines.values()
            for connector in self.connectors_of(one.name)
        }
        return [
            one.name
            for one in self.pipelines.values()
            if one.signal is signal
            and (not one.receivers or any((name, signal) not in fed for name in one.receivers))
        ]

    def problems(self) -> Iterator[Problem]:
        """What of the pipelines would keep a Collector from starting: names that nothing has.

        A section that the file lacks may stand in another one, so that what it would define is
        not missed.
        """
        for one in self.pipelines.values():
            for key, sections in _SECTIONS.items():
                yield from self._undefined(one, key, sections)
        yield from self._circles()

    def target_problems(self, connector: str, targets: Mapping[YamlPath, str]) -> Iterator[Problem]:
        """What is wrong with the pipelines that a connector routes to.

        Args:
            connector: Its name.
            targets: Their names by their place.
        """
        if not self.pipelines:
            return
        for path, target in targets.items():
            found = self.pipelines.get(target)
            if found is None:
                text = f"there is no pipeline {target!r}"
                yield Problem(path, text, near(target, self.pipelines))
            elif found.receivers and connector not in found.receivers:
                text = f"the pipeline {target} does not receive from {connector}"
                yield Problem(path, text, f"add it: {target}: {{receivers: [{connector}]}}")

    def _undefined(
        self, one: PipelineConfig, key: str, sections: Sequence[str]
    ) -> Iterator[Problem]:
        if not isinstance(self._data.get(key), Mapping):
            return
        known = [str(name) for section in sections for name in _mapping(self._data.get(section))]
        for at, name in enumerate(getattr(one, key)):
            if name not in known:
                what = key.removesuffix("s")
                path = (*SERVICE, one.name, key, at)
                yield Problem(path, f"there is no {what} {name!r}", near(name, known))

    def _circles(self) -> Iterator[Problem]:
        """A circle of pipelines, if there is one."""
        done: set[str] = set()
        for name in self.pipelines:
            circle = self._circle(name, (), done)
            if circle:
                text = f"pipelines feed one another in a circle: {' → '.join(circle)}"
                yield Problem((*SERVICE, circle[0]), text)
                return

    def _circle(self, name: str, above: tuple[str, ...], done: set[str]) -> tuple[str, ...]:
        if name in above:
            return (*above[above.index(name) :], name)
        if name in done:
            return ()
        for connector in self.connectors_of(name):
            for following in self.fed_by(connector):
                if found := self._circle(following, (*above, name), done):
                    return found
        done.add(name)
        return ()


def _pipeline(name: str, config: Mapping[str, Any]) -> PipelineConfig:
    word = name.partition("/")[0]
    signal = next((one for one in Signal if str(one) == word), None)
    lists = [_names(config.get(key)) for key in _SECTIONS]
    return PipelineConfig(name, signal, *lists)


def _names(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def near(name: str, known: Collection[str]) -> str:
    """A hint for a name that there is not: the nearest one, or all."""
    found = difflib.get_close_matches(name, list(known), n=1)
    if found:
        return f"did you mean {found[0]}?"
    return f"there are {', '.join(known)}" if known else ""
