"""Which backend samples, and what is said of it."""

import pytest

from otx.errors import ExitCode, MachineError
from otx.profile.backends import Decision, Wanted, decide, explain, open_sampler
from otx.profile.options import SamplingOptions
from otx.system.bpf_support import Probe

GOOD = Probe("libbpf", True, "libbpf.so.1")
NO_RIGHTS = Probe("bpf rights", False, "not allowed to load a BPF program (EPERM)", "sudo")
BAD = Probe("kernel BTF", False, "/sys/kernel/btf/vmlinux is not there", "use one")


@pytest.mark.parametrize(
    ("wanted", "probes", "bcc", "decision"),
    [
        ("auto", [GOOD], "", Decision("bpf")),
        ("auto", [GOOD, BAD], "", Decision("bcc", BAD.detail)),
        ("auto", [GOOD, BAD], "not installed", Decision("perf", BAD.detail)),
        ("auto", [NO_RIGHTS, BAD], "", Decision("perf", NO_RIGHTS.detail)),
        ("bpf", [BAD], "", Decision("bpf")),
        ("bcc", [GOOD], "not installed", Decision("bcc")),
        ("perf", [GOOD], "", Decision("perf")),
    ],
)
def test_the_best_that_works_unless_one_is_wanted(
    wanted: Wanted, probes: list[Probe], bcc: str, decision: Decision
) -> None:
    assert decide(wanted, lambda: probes, lambda: bcc) == decision


def test_where_neither_works_both_reasons_are_told() -> None:
    error = MachineError("may not sample pid 7", hint="sudo")
    assert explain(Decision("bpf"), error) is error
    both = explain(Decision("perf", "no BTF"), error)
    assert (
        both.message == "cannot sample with BPF: no BTF; nor with perf events: may not sample pid 7"
    )
    assert (both.hint, both.code) == ("sudo", ExitCode.MACHINE)


def test_perf_events_say_what_they_do_not_see() -> None:
    sampler = open_sampler("perf", SamplingOptions(kernel=False), debug=None)
    try:
        assert sampler.not_seen[0] == "Python functions"
        assert not any("kernel" in what for what in sampler.not_seen), "nobody asked for it"
    finally:
        sampler.close()
