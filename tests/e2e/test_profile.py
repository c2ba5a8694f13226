"""`otx profile` as a user calls it: the real command, real targets, real signals."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from otx.system.bpf_support import probe_all
from tests.conftest import RunCli, wait_until
from tests.e2e.sampled import has_timers, sample_work, wait_for_work

BUSY = "def hot():\n  for _ in range(1000): pass\nprint('ready', flush=True)\nwhile 1: hot()"
STATS = [
    "samples",
    "lost",
    "truncated",
    "unwound_fully",
    "broken_in",
    "before_tables",
    "unwind_tables",
    "tables_missing",
    "without_table",
    "not_found",
    "own_cpu_seconds",
    "target_overhead",
    "sample_cost_ns",
    "backend",
    "not_seen",
]
WAIT_STATS = ["wait_period_ns", "waits_left_out", "ns_left_out"]
ALLOCATION_STATS = ["alloc_period_bytes", "alloc_calls", "alloc_call_ns"]
FOLDED_LINE = re.compile(r"[^;\n]+(;[^;\n]+)* \d+")


@pytest.fixture
def needs_bpf() -> None:
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")


@pytest.fixture
def busy(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
class TestSampling:
    def test_folded_names_the_functions_of_a_running_program(
        self, cli_variables: dict[str, str], busy: "subprocess.Popen[bytes]"
    ) -> None:
        words = ("--pid", str(busy.pid), "-F", "499", "--format", "folded")
        done = sample_work(cli_variables, busy.pid, *words)
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert all(FOLDED_LINE.fullmatch(line) for line in lines)
        hot = [line for line in lines if "<module> (busy.py);hot (busy.py)" in line]
        counted = sum(int(line.rpartition(" ")[2]) for line in hot)
        assert counted > 0.8 * sum(int(line.rpartition(" ")[2]) for line in lines)

    def test_the_ending_of_the_file_decides_the_form(
        self, run_cli: RunCli, busy: "subprocess.Popen[bytes]", tmp_path: Path
    ) -> None:
        out = tmp_path / "out.json"
        done = run_cli("profile", "--pid", str(busy.pid), "-d", "300ms", "-o", str(out))
        assert (done.returncode, done.stdout) == (0, "")
        document = json.loads(out.read_text())
        assert list(document["stats"]) == STATS
        assert document["stats"]["samples"] == sum(s["count"] for s in document["stacks"])

    def test_text_ends_with_the_stats(
        self, cli_variables: dict[str, str], busy: "subprocess.Popen[bytes]"
    ) -> None:
        words = ("--pid", str(busy.pid), "--lines", "--threads")
        done = sample_work(cli_variables, busy.pid, *words)
        assert "hot (busy.py:2)" in done.stdout
        _, _, stats = done.stdout.partition("\nstats\n")
        assert [line.split()[0] for line in stats.splitlines()] == STATS

    def test_the_commands_exit_code_is_passed_on(self, run_cli: RunCli) -> None:
        done = run_cli("profile", "--format", "folded", "--", "sh", "-c", "echo said; exit 7")
        assert done.returncode == 7
        assert done.stdout.startswith("said\n")

    def test_no_sample_of_a_command_is_otx_itself(self, run_cli: RunCli) -> None:
        burning = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
        done = run_cli("profile", "-F", "499", "--format", "folded", "--", "sh", "-c", burning)
        assert done.returncode == 0 and done.stdout
        assert {line.partition(";")[0] for line in done.stdout.splitlines()} == {"sh"}

    def test_a_target_that_ends_ends_the_profile(self) -> None:
        target = subprocess.Popen(["sleep", "600"])
        words = ["profile", "--pid", str(target.pid)]
        process = subprocess.Popen(
            [sys.executable, "-m", "otx", *words, "-d", "600s"], stdout=subprocess.PIPE, text=True
        )
        try:
            wait_until(lambda: has_timers(process.pid), "it samples")
            samples_s = time.monotonic() + 0.2  # time for twenty samples, had it worked
            wait_until(lambda: time.monotonic() > samples_s, "samples were due")
            target.kill()
            said, _ = process.communicate(timeout=30)
        finally:
            for one in (target, process):
                one.kill()
                one.wait(10)
        assert process.returncode == 0
        assert "it slept, waited, or was not there" in said

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_keeps_what_was_sampled(
        self, busy: "subprocess.Popen[bytes]", tmp_path: Path, number: signal.Signals
    ) -> None:
        out = tmp_path / "out.folded"
        words = ["profile", "--pid", str(busy.pid), "-d", "60s", "-o", str(out)]
        process = subprocess.Popen([sys.executable, "-m", "otx", *words], stderr=subprocess.PIPE)
        try:
            wait_for_work(process.pid, busy.pid)
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait(10)
        assert process.returncode == 0, said
        assert "hot (busy.py)" in out.read_text()

    def test_term_is_passed_on_to_the_command(self, tmp_path: Path) -> None:
        mark = tmp_path / "mark"
        script = f"trap 'exit 9' TERM; touch {mark}; while :; do sleep 0.05; done"
        process = subprocess.Popen(
            [sys.executable, "-m", "otx", "profile", "-o", os.devnull, "--", "sh", "-c", script],
            cwd=tmp_path,
        )
        try:
            wait_until(mark.exists, "the command runs")
            process.terminate()
            assert process.wait(30) == 9
        finally:
            process.kill()
            process.wait(10)


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
class TestWaits:
    @pytest.fixture
    def sleeper(self, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
        script = tmp_path / "sleeper.py"
        script.write_text("import time\nprint('ready', flush=True)\nwhile 1: time.sleep(0.05)")
        process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()
            process.communicate(timeout=20)

    def test_time_off_processors_has_a_cause_and_is_in_nanoseconds(
        self, run_cli: RunCli, sleeper: "subprocess.Popen[bytes]"
    ) -> None:
        words = ["profile", "--pid", str(sleeper.pid), "--event", "offcpu", "-d", "800ms"]
        done = run_cli(*words, "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        document = json.loads(done.stdout)
        assert (document["event"], document["unit"]) == ("off_cpu", "nanoseconds")
        assert list(document["stats"]) == [*STATS, *WAIT_STATS]
        by_cause: Counter[str] = Counter()
        for stack in document["stacks"]:
            by_cause[stack["frames"][-1]["name"]] += stack["count"]
        assert 0.7e9 < by_cause.total() < 1.05 * document["duration_ns"]
        assert by_cause["[sleep]"] > 0.2e9

    @pytest.mark.parametrize(
        "form",
        [
            "pprof",
            *(pytest.param(it, marks=pytest.mark.long) for it in ("otlp", "speedscope")),
            pytest.param("perf-script", marks=pytest.mark.long),
        ],
    )
    def test_every_form_keeps_the_unit(
        self, run_cli: RunCli, sleeper: "subprocess.Popen[bytes]", tmp_path: Path, form: str
    ) -> None:
        out = str(tmp_path / "out")
        words = ["profile", "--pid", str(sleeper.pid), "--event", "wall", "-d", "300ms"]
        assert run_cli(*words, "--format", form, "-o", out).returncode == 0
        document = json.loads(run_cli("flame", out, "--format", "json").stdout)
        shown = document["value_types"][document["shown"]]
        assert shown == {"name": "wall", "unit": "nanoseconds"}

    def test_the_price_of_allocations_is_said_before_they_are_sampled(
        self, run_cli: RunCli
    ) -> None:
        code = "for _ in range(300): bytes(1000000)"
        command = [sys.executable, "-c", code]
        done = run_cli("profile", "--event", "alloc", "--format", "json", "--", *command)
        assert done.returncode == 0
        assert done.stderr.startswith("otx: warning: each call of malloc and its like costs")
        document = json.loads(done.stdout)
        assert (document["event"], document["unit"]) == ("alloc_space", "bytes")
        assert list(document["stats"]) == [*STATS, *ALLOCATION_STATS]
        assert sum(stack["count"] for stack in document["stacks"]) > 250_000_000

    def test_faults_are_counted(self, run_cli: RunCli) -> None:
        code = "b = bytearray(40 << 20)"
        done = run_cli("profile", "--event", "faults", "--", sys.executable, "-c", code)
        assert done.returncode == 0
        assert " of page_faults in " in done.stdout.splitlines()[0]

    def test_short_waits_are_left_out_on_demand(
        self, run_cli: RunCli, sleeper: "subprocess.Popen[bytes]"
    ) -> None:
        words = ["profile", "--pid", str(sleeper.pid), "--event", "offcpu", "-d", "500ms"]
        done = run_cli(*words, "--min-block", "10s")
        assert "all waits were shorter than --min-block" in done.stdout
        (line,) = [line for line in done.stdout.splitlines() if "waits_left_out" in line]
        assert int(line.split()[1]) > 0


BARE_C = """
#include <stdio.h>
volatile unsigned long sink;
__attribute__((noinline)) void leaf(void) { for (unsigned i = 0; i < 10000; i++) sink += i; }
__attribute__((noinline)) void middle(void) { leaf(); sink++; }
int main(void) { puts("ready"); fflush(stdout); for (;;) middle(); }
"""


@pytest.mark.bpf
@pytest.mark.usefixtures("needs_bpf")
class TestUnwinding:
    @pytest.fixture
    def bare(self, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
        """A program without frame pointers."""
        if shutil.which("gcc") is None:
            pytest.skip("gcc is not installed")
        code, program = tmp_path / "bare.c", tmp_path / "bare"
        code.write_text(BARE_C)
        flags = ["-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls"]
        subprocess.run(["gcc", *flags, code, "-o", program], check=True, timeout=60)
        process = subprocess.Popen([program], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()
            process.communicate(timeout=20)

    @pytest.mark.parametrize(("unwind", "is_whole"), [("auto", 1), ("dwarf", 1), ("fp", 0)])
    def test_stacks_reach_the_beginning_by_tables(
        self,
        cli_variables: dict[str, str],
        bare: "subprocess.Popen[bytes]",
        unwind: str,
        is_whole: int,
    ) -> None:
        words = ("--pid", str(bare.pid), "-F", "499", "--unwind", unwind, "--no-kernel")
        done = sample_work(cli_variables, bare.pid, *words, "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        document = json.loads(done.stdout)
        stats = document["stats"]
        assert stats["samples"] > 20
        assert bool(stats["unwind_tables"]) == bool(is_whole)
        whole = stats["unwound_fully"] / stats["samples"]
        assert whole >= 0.99 if is_whole else whole <= 0.1  # a register may hold what leads there
        names = [frame["name"] for frame in document["stacks"][0]["frames"]]
        assert (names[1] == "_start" and names[-3:] == ["main", "middle", "leaf"]) == is_whole

    def test_text_says_the_share_that_is_whole(
        self, cli_variables: dict[str, str], bare: "subprocess.Popen[bytes]"
    ) -> None:
        done = sample_work(cli_variables, bare.pid, "--pid", str(bare.pid), "-F", "499")
        (line,) = [line for line in done.stdout.splitlines() if "unwound_fully" in line]
        assert line.endswith("%)")


class TestRefusals:
    def test_a_pid_that_is_not_there(self, run_cli: RunCli) -> None:
        done = run_cli("profile", "--pid", "1073741824")
        assert (done.returncode, done.stdout) == (2, "")
        assert "there is no process 1073741824" in done.stderr

    def test_nothing_to_sample(self, run_cli: RunCli) -> None:
        done = run_cli("profile")
        assert done.returncode == 2 and "otx profile -- CMD" in done.stderr

    @pytest.mark.parametrize(
        "words",
        [
            ("-o", "nowhere/out.txt"),
            ("--format", "gif"),
            ("--runtime", "some"),
            ("--unwind", "lbr"),
            ("--event", "gpu"),
            ("--min-block", "1ms"),
            ("--event=offcpu", "--min-block=soon"),
            ("-d", "soon"),
            ("-F", "0"),
            ("-F", "many"),
            ("-F", "10001"),
            ("-d", "0s"),
            ("-o", "out.parquet"),
        ],
    )
    def test_unusable_arguments(self, run_cli: RunCli, words: tuple[str, str]) -> None:
        done = run_cli("profile", "--pid", str(os.getpid()), *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("otx: error: ")

    def test_a_folder_to_write_is_refused_before_anything_runs(
        self, run_cli: RunCli, tmp_path: Path
    ) -> None:
        done = run_cli("profile", "-o", str(tmp_path), "--", "touch", str(tmp_path / "ran"))
        assert (done.returncode, (tmp_path / "ran").exists()) == (2, False)
        assert f"cannot write {tmp_path}: it is a folder" in done.stderr

    def test_a_command_that_is_not_there(self, run_cli: RunCli, needs_bpf: None) -> None:
        done = run_cli("profile", "--", "/nonexistent/program")
        assert done.returncode == 2 and "cannot run /nonexistent/program" in done.stderr

    def test_without_rights_it_says_what_to_do(self, run_cli: RunCli) -> None:
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            pytest.skip("dropping privileges needs root and setpriv")
        done = subprocess.run(
            [
                *("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"),
                *(sys.executable, "-m", "otx", "profile", "--pid", str(os.getpid())),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stdout) == (5, "")
        assert "cannot sample with BPF" in done.stderr and "hint:" in done.stderr
