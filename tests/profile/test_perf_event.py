"""Timer events, without opening any but one that is refused."""

import pytest

from otx.errors import MachineError, UsageError
from otx.profile.perf_event import online_cpus, open_cpu_clock


def test_the_kernels_list_of_processors_is_read() -> None:
    assert online_cpus("0-3,6,8-9\n") == [0, 1, 2, 3, 6, 8, 9]
    assert online_cpus("0\n") == [0]
    assert 0 in online_cpus()


@pytest.mark.bpf
def test_an_absurd_frequency_is_refused_with_the_limit(bpf_machine: None) -> None:
    with pytest.raises(UsageError, match="at most"):
        open_cpu_clock(0, 1 << 40)


@pytest.mark.bpf
def test_a_processor_that_is_not_there_is_refused(bpf_machine: None) -> None:
    with pytest.raises(MachineError, match="processor 4095"):
        open_cpu_clock(4095, 99)
