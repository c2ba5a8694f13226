"""What otx itself sampled, as a profile: counts of stacks, and the time they stand for."""

from collections.abc import Mapping

from otx.model.profile import CPU, SAMPLES, Profile, StackSample, ValueType
from otx.model.stack import ProfileStats, Stack
from otx.model.units import NS_PER_S


def sampled_profile(
    counts: Mapping[Stack, int],
    stats: ProfileStats,
    frequency_hz: int,
    duration_ns: int,
    time_unix_nano: int = 0,
    kind: ValueType = SAMPLES,
) -> Profile:
    """A profile of processor time, or of what else was sampled.

    Args:
        counts: Values by stack; a stack's first frame is the process or thread.
        stats: How it was made.
        frequency_hz: Samples a second of a busy processor.
        duration_ns: How long it was sampled.
        time_unix_nano: When that began.
        kind: What the values are; samples stand for processor time as well.
    """
    if kind != SAMPLES:
        rows = [StackSample(stack, (value,)) for stack, value in counts.items()]
        return Profile(
            (kind,), rows, time_unix_nano=time_unix_nano, duration_ns=duration_ns, stats=stats
        )
    period = round(NS_PER_S / frequency_hz)
    samples = [StackSample(stack, (count, count * period)) for stack, count in counts.items()]
    return Profile(
        (SAMPLES, CPU),
        samples,
        time_unix_nano=time_unix_nano,
        duration_ns=duration_ns,
        period=period,
        period_type=CPU,
        stats=stats,
    )
