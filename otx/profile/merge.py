"""One stack out of two: Python frames put where the interpreter ran them in the native stack.

C enters the interpreter's evaluation loop once for each run of Python calls, and one native
frame of that loop stands for the whole run. Where the native stack is whole, the runs and the
loop's frames pair up from the root; where it is broken (code built without frame pointers), they
pair up from the leaf, and the runs left over lie on the root side of all that is known.
"""

from collections.abc import Sequence

from otx.model.stack import Frame, Stack

_EVALUATION_LOOP = "_PyEval_EvalFrameDefault"  # also .cold, .lto_priv.0 and the like


def is_evaluation_loop(frame: Frame) -> bool:
    """Whether a native frame is CPython's evaluation loop."""
    return frame.kind == "native" and frame.name.startswith(_EVALUATION_LOOP)


def merge_stacks(native: Sequence[Frame], runs: Sequence[Sequence[Frame]], whole: bool) -> Stack:
    """Merge a native stack with runs of Python frames.

    Args:
        native: User frames, root first.
        runs: Python frames by entry into the interpreter, root first, each root first.
        whole: Whether the native stack reaches the thread's root.
    """
    if not runs:
        return tuple(native)
    loops = [index for index, frame in enumerate(native) if is_evaluation_loop(frame)]
    # More loops than runs: one is being entered or left and has no Python frame (yet).
    from_root = whole and len(loops) >= len(runs)
    pairs = min(len(loops), len(runs))
    if from_root:
        placed = dict(zip(loops[:pairs], runs[:pairs], strict=True))
        left_over: Sequence[Sequence[Frame]] = ()
    else:
        placed = dict(zip(loops[len(loops) - pairs :], runs[len(runs) - pairs :], strict=True))
        left_over = runs[: len(runs) - pairs]
    stack = [frame for run in left_over for frame in run]
    for index, frame in enumerate(native):
        stack.extend(placed.get(index, (frame,)))
    return tuple(stack)
