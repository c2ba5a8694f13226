"""What otx itself sampled, as a profile: counts of stacks, and the time they stand for."""

from collections.abc import Mapping

from otx.model.profile import CPU, SAMPLES, Profile, StackSample
from otx.model.stack import ProfileStats, Stack
from otx.model.units import NS_PER_S


def sampled_profile(
    counts: Mapping[Stack, int],
    stats: ProfileStats,
    frequency_hz: int,
    duration_ns: int,
    time_unix_nano: int = 0,
) -> Profile:
    """A profile of processor time.

    Args:
        counts: Samples by stack; a stack's first frame is the process or thread.
        stats: How it was made.
        frequency_hz: Samples a second of a busy processor.
        duration_ns: How long it was sampled.
        time_unix_nano: When that began.
    """
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
