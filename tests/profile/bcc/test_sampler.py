"""Live programs, sampled through BCC, where it is installed."""

import os
from collections import Counter
from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.profile.bcc.sampler import PACKAGE, SOURCE_VARIABLE, BccSampler, why_not_bcc
from otx.profile.session import ProfileSession, SamplingOptions, Target
from tests.profile.conftest import Start, Take


@pytest.fixture
def bcc_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips, with the reason, where BCC is not; any kernel's headers will do."""
    found = sorted(Path("/usr/src").glob("linux-headers-*-amd64"))
    if why_not_bcc() and found:
        monkeypatch.setenv(SOURCE_VARIABLE, str(found[-1]))
    if reason := why_not_bcc():
        pytest.skip(reason)
    if os.geteuid() != 0:
        pytest.skip("BCC needs root")


def test_what_is_in_the_way_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SOURCE_VARIABLE, "/nowhere/at/all")
    reason = why_not_bcc()
    if not PACKAGE.exists():
        assert reason == "python3-bpfcc is not installed"
    elif reason:
        assert "headers of Linux" in reason
    if reason:
        with pytest.raises(MachineError, match="cannot sample with BCC") as refused:
            BccSampler()
        assert SOURCE_VARIABLE in refused.value.hint


@pytest.mark.bpf
@pytest.mark.long  # BCC compiles for seconds
def test_headers_that_are_none_are_the_compiler_s_error(
    bcc_machine: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(SOURCE_VARIABLE, str(tmp_path))
    with pytest.raises(MachineError, match=r"kconfig\.h"):
        BccSampler()


@pytest.mark.bpf
@pytest.mark.long  # BCC compiles for seconds
def test_functions_with_frame_pointers_have_the_shares_they_burn(
    bcc_machine: None, burn: Path, start: Start, take: Take
) -> None:
    process = start("sh", "-c", f"echo ready; sleep 5; {burn}; true")  # a child, found later
    target = Target((process.pid,))
    with ProfileSession(
        target, SamplingOptions(frequency_hz=199, unwind="fp"), backend="bcc"
    ) as session:
        try:
            samples = take(session, 100, lambda it: it.comm == "burn")
        finally:
            for pid in set(session.pids) - {process.pid}:
                os.kill(pid, 9)
        stats = session.stats()
    on_stack = Counter(name for it in samples for name in {frame.name for frame in it.stack})
    for function, share in (("five", 0.5), ("three", 0.3), ("two", 0.2)):
        assert abs(on_stack[function] / len(samples) - share) < 0.12, on_stack
    assert on_stack["main"] > 0.95 * len(samples)
    assert (stats.backend, stats.not_found) == ("bcc", 0) and "Python functions" in stats.not_seen
    assert stats.own_cpu_seconds > 0.1, "the helper's is in it"
