"""Values of a YAML file replaced in place: comments and all other bytes stay as they are.

The file is composed to nodes, which know where they stand, and only the nodes that have to say
something else are written anew: within a block map entry by entry, so that comments between the
entries stay too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from otx.errors import UsageError
from otx.ottl.changes import is_same
from otx.ottl.unit_tests.yaml_text import block, entry, fits, flow, inline, key_text
from otx.ottl.yaml_places import YamlPath
from otx.ottl.yaml_reading import load_yaml

Edit = tuple[int, int, str]
GONE = object()
"""Stands for the value of a key that goes, with its key."""


class CannotEdit(Exception):
    """A file in which a value cannot be replaced without touching others."""


def edited(source: str, name: str, values: Mapping[YamlPath, Any]) -> str:
    """A file that says other values.

    Args:
        source: Its text.
        name: What errors call it.
        values: The new value of each path; the last step may be a key that is not there yet.

    Raises:
        CannotEdit: Another value would change as well, because an anchor shares it.
    """
    # The loader that read the file: the two do not agree on everything, such as a ? in a text.
    root = yaml.compose(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    editor = _Editor(source)
    for path, value in values.items():
        editor.set(root, path, value)
    made = editor.applied()
    wanted = _wanted(load_yaml(source, name).data, values)
    try:
        is_right = is_same(load_yaml(made, name).data, wanted)
    except UsageError:
        is_right = False
    if not is_right:
        raise CannotEdit(f"{name} shares values by anchors, or is written in a way of its own")
    return made


def _wanted(data: Any, values: Mapping[YamlPath, Any]) -> Any:
    for path, value in values.items():
        here = data
        for step in path[:-1]:
            here = here[step]
        if value is GONE:
            del here[path[-1]]
        else:
            here[path[-1]] = _with_text_keys(value)
    return data


def _with_text_keys(value: Any) -> Any:
    """A value as it is read again: keys are texts."""
    if isinstance(value, Mapping):
        return {str(key): _with_text_keys(one) for key, one in value.items()}
    return [_with_text_keys(one) for one in value] if isinstance(value, list) else value


class _Editor:
    def __init__(self, source: str) -> None:
        self._source = source
        self._newline = "\r\n" if "\r\n" in source else "\n"
        self._edits: list[Edit] = []
        self._scalars = yaml.SafeLoader("")

    def applied(self) -> str:
        """The text with all edits made."""
        made = self._source
        # Of two insertions in one place the first has to stand first.
        for _, (start, end, text) in sorted(
            enumerate(self._edits), key=lambda one: (*one[1][:2], one[0]), reverse=True
        ):
            made = made[:start] + text.replace("\n", self._newline) + made[end:]
        return made

    def set(self, root: Any, path: YamlPath, value: Any) -> None:
        """Replace the value at a path, add it to the map that lacks it, or remove it."""
        node, parent, key = root, None, None
        for at, step in enumerate(path):
            parent, key, node = node, None, None
            if isinstance(parent, yaml.SequenceNode) and isinstance(step, int):
                node = parent.value[step]
            elif isinstance(parent, yaml.MappingNode):
                found = {one.value: (one, inner) for one, inner in parent.value}
                key, node = found.get(str(step), (None, None))
            if node is None and at < len(path) - 1:
                raise CannotEdit(f"there is no {step}")
        if value is GONE:
            self._remove(parent, key, node)
        elif node is not None:
            self._change(node, value, key, in_flow=bool(parent is not None and parent.flow_style))
        elif parent is not None:
            self._insert(parent, {path[-1]: value}, opens=True)

    def _remove(self, parent: Any, key: Any, node: Any) -> None:
        """Remove an entry of a map that has others."""
        keys = [one for one, _ in parent.value]
        at = keys.index(key)
        start, end = key.start_mark.index, self._end(node)
        if not parent.flow_style and self._has_own_line(key):
            start, end = self._line_start(start), self._line_end(end)
        elif at + 1 < len(keys):
            end = keys[at + 1].start_mark.index
        elif at:
            start = self._end(parent.value[at - 1][1])
        self._edits.append((start, end, ""))

    def _change(self, node: Any, value: Any, key: Any, *, in_flow: bool) -> None:
        """Make a node say something else.

        Args:
            node: The node.
            value: What it has to say.
            key: The node of its key; None for an element of a list.
            in_flow: Whether it stands within brackets.
        """
        if self._says(node, value):
            return
        is_block = isinstance(node, yaml.CollectionNode) and not node.flow_style
        if is_block and isinstance(node, yaml.MappingNode) and isinstance(value, Mapping) and value:
            self._merge(node, value)
        elif is_block and isinstance(node, yaml.SequenceNode) and isinstance(value, list) and value:
            self._line_up(node, value)
        else:
            self._replace(node, value, key, in_flow=in_flow)

    def _merge(self, node: Any, value: Mapping[str, Any]) -> None:
        """Entry by entry: those that go, those that change, those that come."""
        named = {str(name): one for name, one in value.items()}
        gone = [(key, inner) for key, inner in node.value if key.value not in named]
        if len(gone) == len(node.value) or not all(self._has_own_line(key) for key, _ in gone):
            self._replace(node, value, None, in_flow=False)
            return
        for key, inner in node.value:
            if key.value in named:
                self._change(inner, named.pop(key.value), key, in_flow=False)
            else:
                start = self._line_start(key.start_mark.index)
                self._edits.append((start, self._line_end(self._end(inner)), ""))
        self._insert(node, {name: one for name, one in value.items() if str(name) in named})

    def _line_up(self, node: Any, value: Sequence[Any]) -> None:
        """Element by element; those that are too many go, those that are missing come."""
        gone = node.value[len(value) :]
        if not all(self._has_own_dash(inner) for inner in gone):
            self._replace(node, value, None, in_flow=False)
            return
        for inner, one in zip(node.value, value, strict=False):
            self._change(inner, one, None, in_flow=False)
        for inner in gone:
            start = self._line_start(inner.start_mark.index)
            self._edits.append((start, self._line_end(self._end(inner)), ""))
        if new := value[len(node.value) :]:
            self._add_lines(node, block(list(new), node.start_mark.column), node.start_mark.column)

    def _insert(self, node: Any, entries: Mapping[Any, Any], *, opens: bool = False) -> None:
        """Add entries at the end of a map."""
        if not entries:
            return
        if node.flow_style or not node.value:
            end = node.end_mark.index - 1
            comma = ", " if node.value else ""
            text = ", ".join(f"{key_text(key)}: {flow(one)}" for key, one in entries.items())
            self._edits.append((end, end, comma + text))
            return
        indent = node.value[0][0].start_mark.column
        lines = [
            line for key, one in entries.items() for line in entry(key, one, indent, opens=opens)
        ]
        self._add_lines(node, lines, indent)

    def _add_lines(self, node: Any, lines: Sequence[str], indent: int) -> None:
        """Add lines behind a block."""
        at = self._line_end(self._end(node))
        text = "\n".join(" " * indent + line for line in lines)
        is_ended = self._source[at - 1 : at] == "\n"
        self._edits.append((at, at, f"{text}\n" if is_ended else f"\n{text}"))

    def _replace(self, node: Any, value: Any, key: Any, *, in_flow: bool) -> None:
        start, end = node.start_mark.index, self._end(node)
        column = node.start_mark.column
        is_block = isinstance(node, yaml.CollectionNode) and not node.flow_style
        is_collection = isinstance(value, (Mapping, list)) and bool(value)
        if in_flow:
            text = flow(value)
        elif is_block and is_collection:
            text = f"\n{' ' * column}".join(block(value, column))
        elif is_collection and not fits(value, column) and key is not None:
            indent = key.start_mark.column + 2
            start = self._trimmed(start)
            text = "".join(f"\n{' ' * indent}{line}" for line in block(value, indent))
        else:
            text = inline(value)
            if is_block and key is not None:
                start, text = self._behind(key, start, text)
        if start == end and self._source[start - 1 : start] in (":", "-"):
            text = f" {text}"  # nothing was written behind the key
        self._edits.append((start, end, text))

    def _behind(self, key: Any, start: int, text: str) -> tuple[int, str]:
        """A text on the line of its key, where no comment stands between."""
        colon = int(key.end_mark.index) + 1
        return (start, text) if self._source[colon:start].strip() else (colon, f" {text}")

    def _says(self, node: Any, value: Any) -> bool:
        if isinstance(node, yaml.ScalarNode):
            return is_same(self._scalar(node), value)
        if isinstance(node, yaml.SequenceNode):
            return (
                isinstance(value, list)
                and len(value) == len(node.value)
                and all(map(self._says, node.value, value))
            )
        if not isinstance(value, Mapping):
            return False
        named = {str(name): one for name, one in value.items()}
        return [key.value for key, _ in node.value] == list(named) and all(
            self._says(inner, named[key.value]) for key, inner in node.value
        )

    def _scalar(self, node: Any) -> Any:
        if node.tag == "tag:yaml.org,2002:str":
            return node.value
        try:
            return self._scalars.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError):
            return node.value

    def _end(self, node: Any) -> int:
        """Where a node's own text ends: behind it there may be comments and empty lines."""
        if isinstance(node, yaml.ScalarNode):
            end: int = node.end_mark.index
            return self._trimmed(end) if node.style in ("|", ">") else end
        if node.flow_style or not node.value:
            return int(node.end_mark.index)
        last = node.value[-1]
        return self._end(last[1] if isinstance(last, tuple) else last)

    def _trimmed(self, end: int) -> int:
        return len(self._source[:end].rstrip())

    def _line_start(self, at: int) -> int:
        return self._source.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        end = self._source.find("\n", at)
        return len(self._source) if end < 0 else end + 1

    def _has_own_line(self, key: Any) -> bool:
        start = key.start_mark.index
        return not self._source[self._line_start(start) : start].strip()

    def _has_own_dash(self, node: Any) -> bool:
        start = node.start_mark.index
        return self._source[self._line_start(start) : start].strip() == "-"
