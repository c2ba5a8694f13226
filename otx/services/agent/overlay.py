"""The effective configuration: what the server sends, laid over the local file.

Several objects are laid over one another by name, the object without a name last; maps are merged
key by key, anything else replaces what was there, as Collectors merge their own files. Merging is
done on YAML's nodes, not on values: `0o14`, `on` or `1e3` mean different things to different
readers, so scalars travel as they were written.
"""

from collections.abc import Iterable
from typing import TypeAlias

import yaml

from otx.opamp.opamp_pb2 import AgentConfigMap

OWN_SECTION = "agent"
"""The part of the local file that is the agent's own; neither the process nor a server has it."""
LARGEST_BYTES = 16 << 20
DEEPEST = 64

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


_Known: TypeAlias = dict[tuple[int, int], yaml.MappingNode]


class Unmergeable(ValueError):
    """An object that is no configuration; the text says which and why."""


def effective_text(
    base: bytes | None, remote: AgentConfigMap | None, *, is_yaml: bool = False
) -> bytes | None:
    """What the process is to run with; None where nobody says anything.

    A single text of another format passes as it is, if nothing has to be merged with it.

    Args:
        is_yaml: The process reads YAML, so that a text that is none can be refused.

    Raises:
        Unmergeable: An object is no YAML map where one is needed, or too large or too deep.
    """
    texts = [] if base is None else [("the local configuration", base)]
    texts += [(f"object {name!r}", body) for name, body in in_order(remote)]
    if not texts:
        return None
    if len(texts) == 1:
        return _alone(*texts[0], is_yaml=is_yaml or _says_yaml(remote, texts[0][0]))
    merged = yaml.MappingNode("tag:yaml.org,2002:map", [], flow_style=False)
    known: _Known = {}
    for name, body in texts:
        merged = _merged(merged, _map_of(name, body), known)
    return written(_without_own_section(merged))


def in_order(remote: AgentConfigMap | None) -> Iterable[tuple[str, bytes]]:
    """The objects that say something, in the order in which they are laid over one another."""
    if remote is None:
        return []
    named = sorted(remote.config_map.items(), key=lambda item: (not item[0], item[0]))
    return [(name, one.body) for name, one in named if one.body.strip() and not is_reserved(name)]


def is_reserved(name: str) -> bool:
    """Whether an object is a message to the agent, such as a signature, and no configuration."""
    return name.startswith("otx.")


def compose(name: str, body: bytes) -> yaml.Node | None:
    """The node of a YAML text; None for an empty one.

    Raises:
        Unmergeable: It is no YAML, or too large or too deep.
    """
    if len(body) > LARGEST_BYTES:
        raise Unmergeable(f"{name} has {len(body)} bytes, more than {LARGEST_BYTES}")
    try:
        node: yaml.Node | None = yaml.compose(body, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        where = f" at line {place.line + 1}, column {place.column + 1}" if place else ""
        raise Unmergeable(f"{name} is no YAML{where}: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Unmergeable(f"{name} is no YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise Unmergeable(f"{name} is nested too deep") from None
    if node is not None and _is_too_deep(node):
        raise Unmergeable(f"{name} is nested deeper than {DEEPEST} levels, or in itself")
    return node


def keys_of(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """A map's entries by their keys as text; nothing for another node."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): value for key, value in node.value}


def _says_yaml(remote: AgentConfigMap | None, title: str) -> bool:
    if remote is None:
        return False
    for name, one in remote.config_map.items():
        if title == f"object {name!r}":
            return "yaml" in one.content_type or name.endswith((".yaml", ".yml"))
    return False


def _alone(name: str, body: bytes, *, is_yaml: bool) -> bytes:
    try:
        node = compose(name, body)
    except Unmergeable:
        if is_yaml:
            raise
        return body
    if isinstance(node, yaml.MappingNode) and OWN_SECTION in keys_of(node):
        return written(_without_own_section(node))
    if is_yaml and node is not None and not isinstance(node, yaml.MappingNode):
        raise Unmergeable(f"{name} is no YAML map")
    return body


def _map_of(name: str, body: bytes) -> yaml.MappingNode:
    node = compose(name, body)
    if node is None:
        return yaml.MappingNode("tag:yaml.org,2002:map", [])
    if not isinstance(node, yaml.MappingNode):
        raise Unmergeable(f"{name} is no YAML map, so that nothing can be merged with it")
    return node


def _merged(under: yaml.MappingNode, over: yaml.MappingNode, known: _Known) -> yaml.MappingNode:
    """A map with the entries of both; neither is changed, for YAML's aliases share nodes.

    `known` holds what was merged already: texts that are made of aliases to aliases would
    otherwise take time without end.
    """
    pair = (id(under), id(over))
    if pair in known:
        return known[pair]
    entries = {_place(key): (key, value) for key, value in under.value}
    for key, value in over.value:
        name, before = key, None
        if _place(key) in entries:
            name, before = entries[_place(key)]
        if isinstance(before, yaml.MappingNode) and isinstance(value, yaml.MappingNode):
            value = _merged(before, value, known)
        entries[_place(key)] = (name, value)
    known[pair] = yaml.MappingNode(under.tag, list(entries.values()), flow_style=False)
    return known[pair]


def _place(key: yaml.Node) -> str | int:
    return key.value if isinstance(key.value, str) else id(key)


def _without_own_section(node: yaml.MappingNode) -> yaml.MappingNode:
    kept = [(key, value) for key, value in node.value if key.value != OWN_SECTION]
    return yaml.MappingNode(node.tag, kept, flow_style=False)


def written(node: yaml.Node) -> bytes:
    """A node as text, its scalars as they were."""
    text = yaml.serialize(node, Dumper=_DUMPER, allow_unicode=True, width=1 << 16)
    return text.encode() if isinstance(text, str) else text


def _is_too_deep(root: yaml.Node) -> bool:
    """Whether nodes nest too deep; a node that holds itself is nested without end."""
    waiting = [(root, 1)]
    deepest: dict[int, int] = {}
    while waiting:
        node, depth = waiting.pop()
        if depth > DEEPEST:
            return True
        if deepest.get(id(node), 0) >= depth:
            continue
        deepest[id(node)] = depth
        waiting += [(part, depth + 1) for part in _parts(node)]
    return False


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
