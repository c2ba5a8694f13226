"""All patterns, and the rules by which they speak."""

from collections.abc import Callable, Iterable

from otx.tracing.finding import Finding, FindingRule, worst_first
from otx.tracing.patterns import (
    fan_out,
    faults,
    idle_gaps,
    limits,
    n_plus_one,
    queues,
    retries,
    serial,
    stragglers,
    timeouts,
)
from otx.tracing.patterns.scene import Scene

PATTERNS: tuple[Callable[[Scene], Iterable[Finding]], ...] = (
    n_plus_one.find_n_plus_one,
    serial.find_serial,
    retries.find_retries,
    idle_gaps.find_idle_gaps,
    timeouts.find_timeouts,
    timeouts.find_gave_up_first,
    stragglers.find_stragglers,
    queues.find_network_time,
    queues.find_queue_time,
    fan_out.find_fan_out,
    limits.find_limits,
    faults.find_faults,
)
PATTERN_RULES: tuple[FindingRule, ...] = (
    n_plus_one.RULE,
    serial.RULE,
    retries.RETRIES,
    retries.AMPLIFICATION,
    idle_gaps.RULE,
    timeouts.CONFIGURED,
    timeouts.GAVE_UP_FIRST,
    stragglers.RULE,
    queues.NETWORK,
    queues.QUEUE,
    fan_out.RULE,
    limits.DROPPED,
    limits.FULL,
    *faults.RULES.values(),
    faults.BACKWARDS,
    faults.EARLY,
)


def find_patterns(scene: Scene) -> list[Finding]:
    """All that patterns say of a trace, heaviest first."""
    return worst_first(finding for find in PATTERNS for finding in find(scene))
