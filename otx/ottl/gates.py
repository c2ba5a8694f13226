"""The feature gates that change what OTTL does, by their Collector names."""

import difflib
from collections.abc import Mapping

from otx.errors import UsageError

GATES: Mapping[str, bool] = {
    "ottl.functions.enableLambda": False,
    "ottl.set.allowNil": True,
    "pkg.ottl.functions.enableExperimental": False,
    "processor.transform.defaultErrorModeIgnore": True,
    "transform.flatten.logs": False,
}
"""Whether each is on by default in v0.162."""


def switched(text: str) -> frozenset[str]:
    """The gates that are on after `+x,-y`, as the Collector's `--feature-gates` has it.

    Raises:
        UsageError: A name that is no gate of OTTL.
    """
    on = {name for name, is_on in GATES.items() if is_on}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name = part.removeprefix("+").removeprefix("-")
        if name not in GATES:
            near = difflib.get_close_matches(name, GATES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"those are {', '.join(GATES)}"
            raise UsageError(f"{name!r} is no feature gate of OTTL", hint=hint)
        if part.startswith("-"):
            on.discard(name)
        else:
            on.add(name)
    return frozenset(on)
