"""The BPF side of page faults (bpf/otx_fault.bpf.c): attached, and kept within its cost."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from otx.profile.libbpf import USUAL_SIZES
from otx.profile.pace import Pace
from otx.profile.perf_event import online_cpus, open_page_faults, set_period
from otx.profile.sampler import CpuSampler

MOST_PER_S = 250
"""Samples of faults: at 15 us each 0.4 % of a processor."""
_GREATEST_PERIOD = 1 << 20
_FAULT = "on_fault"


class FaultSampler(CpuSampler):
    """Samples page faults: each of them while there are few, one in so many else.

    Args:
        debug: Takes what libbpf and the verifier say, line by line.
        sizes: Of maps that are to have other ones than usual, by name.

    Raises:
        MachineError: This machine won't.
    """

    object_name: ClassVar[str] = "otx_fault.bpf.o"
    has_period: ClassVar[bool] = False

    def __init__(
        self, debug: Callable[[str], None] | None = None, sizes: Mapping[str, int] = USUAL_SIZES
    ) -> None:
        super().__init__(debug, sizes)
        self._pace = Pace(1, _GREATEST_PERIOD, MOST_PER_S, time.monotonic_ns())

    def programs(self) -> Sequence[str]:
        """The program that takes samples, by name."""
        return (_FAULT,)

    def start(self, frequency_hz: int) -> None:
        """Count faults on every processor from now on.

        Raises:
            MachineError: The kernel refuses.
        """
        for cpu in online_cpus():
            counter = open_page_faults(cpu, self._pace.period)
            try:
                self._object.attach_perf_event(_FAULT, counter)
            except BaseException:
                os.close(counter)
                raise
            self._clocks.append(counter)

    def adapt(self, samples: int) -> None:
        """Say that so many samples came; does nothing most of the times."""
        if self._pace.count(samples, time.monotonic_ns()):
            for counter in self._clocks:
                set_period(counter, self._pace.period)
