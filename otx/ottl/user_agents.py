"""User agents by the database of the uap project, which the Collector uses too.

The package comes with the extra of OTTL and is loaded when a statement names `UserAgent`: reading
its database takes 80 ms.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeAlias

from otx.ottl.errors import ExecutionError
from otx.ottl.go_unicode import valid

Extract: TypeAlias = Callable[[str], Any]

_FIELDS = attrgetter("regex", "family", "major", "minor", "patch", "patch_minor")
_UNKNOWN = "Other"


def describe(text: str) -> dict[str, str]:
    """What a user agent says of itself, by the names of semantic conventions."""
    agents, systems = _extractors()
    agent, system = agents(valid(text)), systems(valid(text))
    found = {
        "user_agent.name": agent.family if agent else _UNKNOWN,
        "user_agent.original": text,
        "user_agent.version": _version(agent.major, agent.minor, agent.patch) if agent else "",
        "os.name": system.family if system else _UNKNOWN,
    }
    if system:
        version = _version(system.major, system.minor, system.patch, system.patch_minor)
        if version:
            found["os.version"] = version
    return found


def _version(major: str | None, *rest: str | None) -> str:
    return (major or "") + "".join(f".{part}" for part in rest if part)


@lru_cache(1)
def _extractors() -> tuple[Extract, Extract]:
    """What finds browsers and operating systems.

    Raises:
        ExecutionError: The package is not there.
    """
    try:
        with _without_module("re2"):
            from ua_parser.loaders import load_lazy_builtins
        from ua_parser_rs import OSExtractor, UserAgentExtractor
    except ImportError:
        raise ExecutionError(
            "UserAgent needs the package ua-parser: pip install 'otx[ottl]'"
        ) from None
    agents, systems, _ = load_lazy_builtins()
    return (
        UserAgentExtractor(map(_FIELDS, agents)).extract,
        OSExtractor(map(_FIELDS, systems)).extract,
    )


@contextmanager
def _without_module(name: str) -> Iterator[None]:
    """Hide a module while another is imported.

    ua-parser takes any module `re2` for Google's binding, and fails on the one that is used here.
    """
    hidden = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden is None:
            del sys.modules[name]
        else:
            sys.modules[name] = hidden


def prepare() -> None:
    """Load the database before any record.

    Raises:
        ExecutionError: The package is not there.
    """
    _extractors()
