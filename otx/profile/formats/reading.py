"""What the readers of profiles have in common: bounds, frames made once, errors with their place.

Profiles come from anywhere. Some forms can say in a few bytes what takes gigabytes to hold (a
location with a thousand inlined calls, on a stack of a thousand locations, in a million samples),
so the frames of all stacks are counted while they are made, and not only bytes before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from otx.errors import UsageError
from otx.model.frame_names import base_name
from otx.model.profile import MAX_VALUE, Label, Labels
from otx.model.stack import Frame, FrameKind, Stack

MAX_SAMPLES = 2_000_000
MAX_FRAMES = 30_000_000
"""Of all distinct stacks together."""

PROCESS, THREAD = "process.executable.name", "thread.name"
TRACE_ID, SPAN_ID = "trace_id", "span_id"
"""Labels that say the span a sample was taken in, in hex."""
"""Labels that stand above a stack's root (semantic conventions, `process.*` and `thread.*`)."""
_ROOTS: dict[str, FrameKind] = {PROCESS: "process", THREAD: "thread"}
_LABEL_OF_ROOT = {kind: key for key, kind in _ROOTS.items()}
_NOT_KERNEL = frozenset(("[vdso]", "[vsyscall]", "[heap]", "[stack]", "[anon]", "[unknown]"))
_KERNEL, _JIT = "[kernel.kallsyms]", "[jit]"

Warn: TypeAlias = Callable[[str], None]
"""Told, in a line, what was read but is not as it should be."""


def bad_profile(place: str, what: str, hint: str = "") -> UsageError:
    """The error for a file that cannot be read, at a place in it."""
    return UsageError(f"{place}: {what}", hint=hint)


def no_whole_stacks(place: str) -> UsageError:
    """The error for a sandwich in any form: it has a function's callers and callees apart."""
    return bad_profile(
        place,
        "holds who calls a function and what it calls, no whole stacks",
        "--sandwich on the profile itself, which can be written in every form",
    )


class Frames:
    """The frames of one file, each made once, and how many all stacks have together."""

    def __init__(self, place: str) -> None:
        """Read the file that errors call `place`."""
        self._place = place
        self._frames: dict[tuple[object, ...], Frame] = {}
        self._spent = 0

    def at(
        self,
        name: str,
        file: str,
        line: int,
        mapping: str,
        inside: int = 0,
        kind: FrameKind | None = None,
    ) -> Frame:
        """The frame of a place in a program.

        Args:
            name: The function, "" where it is not known.
            file: Its source, or "".
            line: The source line, or 0.
            mapping: The mapped object's path, or "".
            inside: The place in that object, which names a frame without a function.
            kind: What runs there, where the form says it.
        """
        key = (name, file, line, mapping, 0 if name else inside, kind)
        frame = self._frames.get(key)
        if frame is None:
            place = _Place(valid_text(name), valid_text(file), line, valid_text(mapping), inside)
            frame = self._frames[key] = place.frame(kind or place.kind)
        return frame

    def spend(self, frames: int) -> None:
        """Count a stack's frames.

        Raises:
            UsageError: There are too many of all stacks together.
        """
        self._spent += frames
        if self._spent > MAX_FRAMES:
            raise bad_profile(self._place, f"its stacks have more than {MAX_FRAMES} frames")


@dataclass(frozen=True, slots=True)
class _Place:
    """What forms with mappings say of a frame."""

    name: str
    file: str
    line: int
    mapping: str
    inside: int

    @property
    def kind(self) -> FrameKind:
        """What runs there, as the source and the mapped object tell."""
        if is_python(self.file):
            return "python"
        mapping = self.mapping
        if mapping.startswith("[") and mapping.endswith("]") and mapping not in _NOT_KERNEL:
            return "jit" if mapping == _JIT else "kernel"
        base = base_name(mapping)
        return "jit" if base.startswith("perf-") and base.endswith(".map") else "native"

    def frame(self, kind: FrameKind) -> Frame:
        module = base_name(self.mapping)
        if kind == "kernel":
            module = "kernel" if module.startswith("[kernel") else module.strip("[]")
        elif kind == "python":
            module = base_name(self.file)
        elif kind == "jit":
            module = module.strip("[]").removeprefix("jit")
        name = self.name.removesuffix("_[k]") if kind == "kernel" else self.name
        line = self.line if 0 < self.line < 1 << 31 else 0
        if name:
            return Frame(name, kind, self.file, line, module)
        return Frame(f"[{module.strip('[]') or 'unknown'}+{self.inside:#x}]", kind, module=module)


def is_python(file: str) -> bool:
    """Whether a source file is Python's, or what Python calls a text without a file."""
    return file.endswith((".py", ".pyx")) or (file.startswith("<") and file.endswith(">"))


def mapping_of(frame: Frame) -> str:
    """The mapped object that forms with mappings have for a frame; `Frames.at` reads it back."""
    if frame.kind == "kernel":
        return _KERNEL if frame.module in ("", "kernel") else f"[{frame.module}]"
    if frame.kind == "jit":
        return _JIT
    return frame.module if frame.kind == "native" else ""


def split_root(stack: Stack, labels: Labels) -> tuple[Stack, Labels]:
    """The frames of the program alone; its process or thread as a label."""
    if not stack or stack[0].kind not in _LABEL_OF_ROOT:
        return stack, labels
    return stack[1:], (Label(_LABEL_OF_ROOT[stack[0].kind], stack[0].name), *labels)


def join_root(stack: Stack, labels: Labels) -> tuple[Stack, Labels]:
    """A stack below the process it was seen in, else below its thread, where a label says it."""
    for key, kind in _ROOTS.items():
        for label in labels:
            if label.key == key and isinstance(label.value, str) and label.value:
                rest = tuple(other for other in labels if other is not label)
                return (Frame(label.value, kind), *stack), rest
    return stack, labels


def whole_value(value: object) -> int | None:
    """A number as a whole one that every form can say; None for what is no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not -MAX_VALUE < value < MAX_VALUE:
        return None
    whole = round(value)
    return whole if -MAX_VALUE <= whole <= MAX_VALUE else None


def valid_text(text: str) -> str:
    """A text that UTF-8 can say: JSON can escape halves of a character, which it cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def protobuf_fields(data: bytes) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field of a message: a whole number, or bytes.

    Raises:
        ValueError: It is cut off, or no protobuf.
    """
    view = memoryview(data)
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, form = tag >> 3, tag & 7
        if form == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if form not in (1, 2, 5) or not number:
            raise ValueError(f"byte {at - 1} begins no field")
        size, at = _varint(data, at) if form == 2 else (8 if form == 1 else 4, at)
        if size > end - at:
            raise ValueError(f"it is cut off: {size - (end - at)} bytes are missing")
        yield number, view[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            raise ValueError("it is cut off within a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError(f"the number before byte {at} is too long")
