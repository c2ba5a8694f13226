"""The data that a picture carries: its trees, and what is known of the profile it shows.

It is JSON, deflated, in base64: no name in it is markup, and 100 000 nodes are 300 KB. The script
of a page draws by it, and whoever opens a picture again has the stacks of it, drawn or not.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence

from otx.flame.picture_tree import Name, PictureTree
from otx.model.frame_names import base_name, frame_of_label
from otx.model.stack import Frame, FrameKind

_LEVEL = 6


def picture_data(
    unit: str, trees: Sequence[Mapping[str, object]], head: Mapping[str, object]
) -> str:
    """The data as text.

    Args:
        unit: What values are in.
        trees: As `tree_document` makes them; none where they hold no whole stacks.
        head: What is known of the profile beside its stacks; empty where it is none.
    """
    data = {"unit": unit, "profile": head, "trees": list(trees)}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), _LEVEL)).decode()


def tree_document(tree: PictureTree) -> dict[str, object]:
    """A tree as it stands in the data."""
    return {
        "names": list(map(_row, tree.names)),
        "depths": tree.depths,
        "at": tree.at,
        "values": tree.values,
        "before": tree.before,
    }


def told_frame(label: str, kind: FrameKind, where: str) -> Frame:
    """The frame that a box tells, where the data has no more of it.

    Data that was written is read by this, so what it gives for a box must stay.
    """
    if kind == "kernel":
        return Frame(label.removesuffix("_[k]"), kind, module=where or "kernel")
    found = frame_of_label(label)
    if kind == found.kind == "python":
        file = where or found.file
        return Frame(found.name, kind, file, found.line, base_name(file))
    return Frame(label, kind, module=where or (found.module if found.name == label else ""))


def _row(name: Name) -> list[object]:
    """Label, kind and where; behind them what these do not tell of the frame."""
    frame, told = name.frame, told_frame(name.label, name.kind, name.where)
    row: list[object] = [name.label, name.kind, name.where]
    more = {
        field: getattr(frame, field)
        for field in ("name", "file", "line", "module")
        if getattr(frame, field) != getattr(told, field)
    }
    return [*row, more] if more else row
