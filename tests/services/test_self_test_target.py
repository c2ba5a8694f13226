"""The program that the self-test samples."""

import mmap
import os
import subprocess
import sys
from pathlib import Path

from otx.services.self_test_target import COUNTED, work
from tests.conftest import wait_until

PROGRAM = (sys.executable, "-m", "otx.services.self_test_target")


def test_a_unit_of_work_is_always_the_same() -> None:
    assert work() == sum(number * number for number in range(1000))


def test_it_counts_its_work(tmp_path: Path) -> None:
    counted = tmp_path / "counted"
    counted.write_bytes(bytes(mmap.PAGESIZE))

    def count() -> tuple[int, int]:
        units, cpu_ns = COUNTED.unpack(counted.read_bytes()[: COUNTED.size])
        return units, cpu_ns

    process = subprocess.Popen([*PROGRAM, counted, str(os.getpid())], stdout=subprocess.PIPE)
    try:
        wait_until(lambda: count()[0] > 10, "work is counted")
        units, cpu_ns = count()
        assert 0 < cpu_ns / units < 1e9
    finally:
        process.kill()
        process.communicate(timeout=20)


def test_it_does_not_outlive_who_started_it(tmp_path: Path) -> None:
    counted = tmp_path / "counted"
    counted.write_bytes(bytes(mmap.PAGESIZE))
    # The shell ends at once; its pipe is closed when the program it started has ended too.
    shell = ["sh", "-c", 'exec "$@" $$ & ', "sh", *PROGRAM, str(counted)]
    subprocess.run(shell, stdout=subprocess.PIPE, check=True, timeout=60)
