"""How frames are written: the one name that texts have for each, both ways, and their JSON.

The names are those of docs/profile.md. Endings such as `_[k]` are those of the stackcollapse tools.
"""

import re

from otx.model.stack import Frame, FrameKind

_PYTHON = re.compile(r"(.+) \(([^()]*\.pyx?|<[^<>()]+>)(?::(\d{1,9}))?\)", re.DOTALL)
_ADDRESS = re.compile(r"\[(.+)\+0x[0-9a-f]+\]")
_ENDINGS: dict[str, tuple[FrameKind, str]] = {
    "_[k]": ("kernel", "kernel"),
    "_[j]": ("jit", ""),
    "_[i]": ("native", ""),
}


def frame_label(frame: Frame) -> str:
    """`name`, `name (file.py)`, `name (file.py:12)`, or `name_[k]` for the kernel."""
    if frame.kind == "kernel":
        return f"{frame.name}_[k]"
    if not frame.file or not shows_file(frame):
        return frame.name
    file = base_name(frame.file)
    return f"{frame.name} ({file}:{frame.line})" if frame.line else f"{frame.name} ({file})"


def shows_file(frame: Frame) -> bool:
    """Whether a frame's file is part of its name: an interpreter's is."""
    return frame.kind in ("python", "jit")


def frame_document(frame: Frame) -> dict[str, str | int]:
    """A frame as it stands in JSON: what is not known is left out."""
    document: dict[str, str | int] = {"name": frame.name, "kind": frame.kind}
    if frame.file:
        document["file"] = frame.file
    if frame.line:
        document["line"] = frame.line
    if frame.module:
        document["module"] = frame.module
    return document


def frame_of_label(label: str) -> Frame:
    """The frame that a name stands for, as far as it tells.

    What `frame_label` gives of it is the same name, but for `_[j]` and `_[i]`, which go.
    """
    kind, module = _ENDINGS.get(label[-4:], ("native", ""))
    if label[-4:] in _ENDINGS and len(label) > 4:
        return Frame(label[:-4], kind, module=module)
    if label.endswith(")") and (python := _PYTHON.fullmatch(label)):
        name, file, line = python.groups()
        return Frame(name, "python", file, int(line or 0), base_name(file))
    if label.startswith("[") and (address := _ADDRESS.fullmatch(label)):
        return Frame(label, "native", module=address[1])
    return Frame(label, "native")


def base_name(path: str) -> str:
    """What stands behind the last slash of somebody else's path."""
    return path.rpartition("/")[2]
