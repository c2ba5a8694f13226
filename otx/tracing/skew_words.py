"""What is the matter with two clocks, in words."""

from otx.model.units import counted, format_duration, format_time
from otx.tracing.skew_bounds import Bounds
from otx.tracing.skew_fleet import FleetPair
from otx.tracing.skew_trend import Range


def signed(ns: float) -> str:
    """A difference for people, with its sign: `+80.0 ms`."""
    return f"{'-' if ns < 0 else '+'}{format_duration(round(abs(ns)))}"


def fleet_words(one: FleetPair) -> str:
    """What is the matter with a pair over time."""
    match one.verdict:
        case "unclear":
            return _unclear_words(one)
        case "stepped":
            step = one.steps[-1]
            at = format_time(step.before_unix_nano)[:19] + "Z"
            return f"stepped by {_range_words(step.by)} before {at}; {_theta_words(one.theta)}"
        case "drifting":
            return f"{_theta_words(one.theta)}, and drifts"
        case _:
            return _theta_words(one.theta)


def _unclear_words(one: FleetPair) -> str:
    if one.is_clear:
        return "unknown: the last calls contradict those before, it may just have stepped"
    return f"unknown: {one.odd_calls} of {counted(one.calls, 'call')} contradict the others"


def trace_words(one: Bounds) -> str:
    """What is the matter with a pair in one trace."""
    if one.upper is None and one.refuted:
        return f"unknown: {len(one.refuted)} of {len(one.calls)} calls contradict the others"
    return _theta_words(range_of(one))


def _theta_words(theta: Range) -> str:
    least, most = theta
    if least is not None and least > 0:
        if most is None:
            return f"the server's clock is behind by at least {format_duration(round(least))}"
        return "the server's clock is behind"
    if most is not None and most < 0:
        return "the server's clock is ahead"
    if most is None:
        return "unknown: nothing bounds it from above"
    return "may be right"


def _range_words(by: Range) -> str:
    middle = by.middle
    if middle is not None:
        return signed(middle)
    if by.least is not None:
        return f"at least {signed(by.least)}"
    return "an unknown amount" if by.most is None else f"at most {signed(by.most)}"


def range_of(one: Bounds) -> Range:
    """What theta can be by the calls of one trace."""
    return Range(one.lower_ns, one.upper_ns)
