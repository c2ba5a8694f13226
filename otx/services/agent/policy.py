"""What a server may put into a configuration; checked before anything is run with it.

A server is trusted with what its user allowed and no more (specification, security): it cannot
change the agent's own section, start programs, read the agent's files and variables through a
Collector's `${file:…}`, or send telemetry to places outside a local list.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from posixpath import normpath
from urllib.parse import urlsplit

import yaml

from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.services.agent.overlay import OWN_SECTION, Unmergeable, compose, in_order, keys_of
from otx.services.agent.section import Allowed

_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{word}"
    for word in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "value")
}
COMPONENTS = ("receivers", "processors", "exporters", "extensions", "connectors")
RUNS_PROGRAMS = {"jmx", "prometheus_exec", "exec", "script"}
"""Kinds of Collector components that start a program as configured."""
_PROVIDER = re.compile(r"\$\{([a-z][a-z0-9+.-]*|[^}]*\$\{[^:}]*):", re.IGNORECASE)
"""A reference to another place than the variables, or one whose place is itself looked up."""
_HEALTH_CHECK = "health_check"
_HARMLESS_PROVIDERS = {"env"}
_FILE_KEY = re.compile(
    r"(^|_)(file|files|path|directory|dir|include|exclude|folder|storage|store|transform)$",
    re.IGNORECASE,
)
_ENDPOINT_KEY = re.compile(
    r"(^|_)(endpoint|endpoints|url|urls|brokers|host|address)$", re.IGNORECASE
)


def why_forbidden(remote: AgentConfigMap, allowed: Allowed) -> str:
    """Why a remote configuration is not taken; "" where nothing speaks against it."""
    for name, body in in_order(remote):
        try:
            node = compose(f"object {name!r}", body)
        except Unmergeable:
            continue  # another format, or one that merging refuses: validation judges it
        reason = _why(node, allowed)
        if reason:
            return f"object {name!r}: {reason}" if name else reason
    return ""


def why_not_there(url: str, current_host: str, allowed: Allowed) -> str:
    """Why settings must not move the agent to a server; "" where they may."""
    host = (urlsplit(url).hostname or "").lower()
    if not host or host == current_host.lower():
        return ""
    if any(fnmatchcase(host, one.lower()) for one in allowed.servers):
        return ""
    return f"the server {host} is not among agent.allow.servers"


def _why(node: yaml.Node | None, allowed: Allowed) -> str:
    root = keys_of(node)
    if OWN_SECTION in root:
        return f"the section {OWN_SECTION!r} is local: no server can change what is allowed here"
    return (
        _why_hidden(node)
        or _why_read(node)
        or _why_components(root, allowed)
        or _why_files(node, allowed)
        or _why_endpoints(root, allowed)
    )


def _why_hidden(node: yaml.Node | None) -> str:
    """Ways of writing YAML that would show this check other keys and texts than the reader sees."""
    waiting = [] if node is None else [node]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.tag not in _PLAIN_TAGS:
            word = one.tag.removeprefix("tag:yaml.org,2002:")
            return (
                "merge keys (<<) are not taken" if word == "merge" else f"tag {word!r} is not taken"
            )
        if isinstance(one, yaml.MappingNode):
            if any("::" in str(key.value) for key, _ in one.value):
                return "keys with '::', which a Collector splits, are not taken"
            waiting += [part for pair in one.value for part in pair]
        elif isinstance(one, yaml.SequenceNode):
            waiting += one.value
    return ""


def _why_read(node: yaml.Node | None) -> str:
    for _, value in _entries(node):
        for provider in _PROVIDER.finditer(value):
            if provider[1] not in _HARMLESS_PROVIDERS:
                return f"{provider[0]}…}} would read something of this machine or of another"
    return ""


def _why_components(root: dict[str, yaml.Node], allowed: Allowed) -> str:
    for section in COMPONENTS:
        for name in keys_of(root.get(section)):
            kind = name.split("/")[0].strip()
            if kind in RUNS_PROGRAMS and not allowed.exec:
                return f"{section}.{name} runs programs, which agent.allow.exec does not allow"
            if allowed.components is not None and kind not in allowed.components:
                return f"{section}.{name} is not among agent.allow.components"
    return ""


def _why_files(node: yaml.Node | None, allowed: Allowed) -> str:
    if allowed.directories is None:
        return ""
    folders = [normpath(one) for one in allowed.directories]
    for place, value in _entries(node):
        if not _FILE_KEY.search(place.rpartition(".")[2]) or not _is_path(value, place):
            continue
        path = normpath(value)
        if not any(path == one or path.startswith(one.rstrip("/") + "/") for one in folders):
            return f"{place}: {value} is outside agent.allow.directories"
    return ""


def _is_path(value: str, place: str) -> bool:
    # Paths of URLs look the same: those of a health check or a protocol's `traces_url_path`.
    return (
        value.startswith(("/", "./", "../", "~"))
        and "url_path" not in place
        and (_HEALTH_CHECK not in place)
    )


def _why_endpoints(root: dict[str, yaml.Node], allowed: Allowed) -> str:
    if allowed.endpoints is None:
        return ""
    sections = ("exporters", "extensions", "service")
    for section in sections:
        for place, value in _entries(root.get(section), section):
            key = place.rpartition(".")[2]
            if not _ENDPOINT_KEY.search(key) or _HEALTH_CHECK in place or not value:
                continue
            if not any(_matches(value, one) for one in allowed.endpoints):
                return f"{place}: {value} is not among agent.allow.endpoints"
    return ""


def _matches(value: str, pattern: str) -> bool:
    """Whether an endpoint fits: as it stands, or its HOST:PORT, or its host."""
    parts = urlsplit(value if "//" in value else f"//{value}")
    host = parts.hostname or ""
    return any(fnmatchcase(one.lower(), pattern.lower()) for one in (value, parts.netloc, host))


def _entries(node: yaml.Node | None, place: str = "") -> Iterator[tuple[str, str]]:
    """Each scalar with its place, keys joined by dots; each node once."""
    waiting = [] if node is None else [(place, node)]
    seen: set[tuple[str, bool, int]] = set()
    while waiting:
        where, one = waiting.pop()
        # What the checks make of a place: its last key, and whether it is a health check's.
        role = (where.rpartition(".")[2], _HEALTH_CHECK in where, id(one))
        if role in seen:
            continue
        seen.add(role)
        if isinstance(one, yaml.ScalarNode):
            yield where, str(one.value)
        elif isinstance(one, yaml.SequenceNode):
            waiting += [(where, part) for part in reversed(one.value)]
        elif isinstance(one, yaml.MappingNode):
            for key, value in reversed(one.value):
                name = key.value if isinstance(key.value, str) else "?"
                waiting.append((f"{where}.{name}" if where else name, value))
