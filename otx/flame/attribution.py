"""Whose time a stack's leaf is, as a reader of the program's own code would say it."""

from collections.abc import Mapping

from otx.model.stack import Frame, Stack

_INTERPRETERS = ("libpython", "python3")


def without_interpreter_leaves(counts: Mapping[Stack, int]) -> dict[Stack, int]:
    """Counts in which the interpreter's machinery is part of the Python function that runs on it.

    A dictionary look-up inside CPython is no function of the program: its time is its caller's.
    Native code outside the interpreter (an extension, libm, the kernel) keeps its own.
    """
    merged: dict[Stack, int] = {}
    for stack, value in counts.items():
        end = len(stack)
        while end and _is_machinery(stack[end - 1]):
            end -= 1
        kept = stack[:end] if end and stack[end - 1].kind == "python" else stack
        merged[kept] = merged.get(kept, 0) + value
    return merged


def _is_machinery(frame: Frame) -> bool:
    return frame.kind == "native" and frame.module.startswith(_INTERPRETERS)
