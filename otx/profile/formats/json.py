"""A profile as one JSON document: every stack frame by frame, and the stats."""

import json

from otx.model.stack import Frame
from otx.profile.formats.profile import Profile
from otx.profile.formats.stats import stats_document


def write_json(profile: Profile) -> str:
    """The document; the heaviest stack is first."""
    ranked = sorted(profile.counts.items(), key=lambda item: (-item[1], _names(item[0])))
    document = {
        "event": "cpu",
        "unit": "samples",
        "frequency_hz": profile.frequency_hz,
        "duration_s": round(profile.duration_ns / 1e9, 3),
        "stacks": [
            {"count": count, "frames": [_frame_document(frame) for frame in stack]}
            for stack, count in ranked
        ],
        "stats": stats_document(profile.stats),
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _frame_document(frame: Frame) -> dict[str, str | int]:
    document: dict[str, str | int] = {"name": frame.name, "kind": frame.kind}
    if frame.file:
        document["file"] = frame.file
    if frame.line:
        document["line"] = frame.line
    if frame.module:
        document["module"] = frame.module
    return document


def _names(stack: tuple[Frame, ...]) -> tuple[str, ...]:
    return tuple(frame.name for frame in stack)
