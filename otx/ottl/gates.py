"""The feature gates that change what OTTL does, by their Collector names."""

import difflib
from collections.abc import Mapping
from typing import Literal, TypeAlias

from otx.errors import UsageError

Stage: TypeAlias = Literal["alpha", "stable"]
"""An alpha gate is off until it is switched on; a stable one is on for good."""

FLATTEN_LOGS = "transform.flatten.logs"
GATES: Mapping[str, Stage] = {
    "ottl.functions.enableLambda": "alpha",
    "ottl.set.allowNil": "stable",
    "pkg.ottl.functions.enableExperimental": "alpha",
    "processor.filter.defaultErrorModeIgnore": "stable",
    "processor.transform.defaultErrorModeIgnore": "stable",
    FLATTEN_LOGS: "alpha",
}
"""The stage of each in v0.162. Those that are stable decide nothing here: there is one way left.

Nor does `enableExperimental`, which later Collectors want for functions that take lambdas: here
they want `enableLambda` alone, as in v0.161.
"""


def switched(text: str) -> frozenset[str]:
    """The gates that are on after `+x,-y`, as the Collector's `--feature-gates` has it.

    Raises:
        UsageError: A name that is no gate of OTTL, or a stable gate that is switched off.
    """
    on = {name for name, stage in GATES.items() if stage == "stable"}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name = part[1:] if part[0] in "+-" else part
        if name not in GATES:
            near = difflib.get_close_matches(name, GATES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"those are {', '.join(GATES)}"
            raise UsageError(f"{name!r} is no feature gate of OTTL", hint=hint)
        if part.startswith("-") and GATES[name] == "stable":
            raise UsageError(
                f"the feature gate {name} is stable and cannot be switched off",
                hint="a Collector v0.162 does not start with that either",
            )
        if part.startswith("-"):
            on.discard(name)
        else:
            on.add(name)
    return frozenset(on)
