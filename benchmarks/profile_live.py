"""What `otx profile --live` costs beside the same without it: otx's processor time, and samples.

One busy Python program is sampled at 99 Hz by turns, headless and with the screen in a terminal of
its own of 80×24 and of 200×50 cells. Of each run the stats say what otx itself took from the
start of sampling on, what was lost and what sampling cost the target.

    python benchmarks/profile_live.py [--seconds S] [--rounds N]
"""

import argparse
import fcntl
import json
import os
import pty
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
from pathlib import Path
from typing import Any

from benchmarks.processes import running

TARGET = """
import json
def encode(depth, value):
    return encode(depth - 1, value) if depth else json.loads(json.dumps(value))
print("ready", flush=True)
while True:
    for depth in range(20): encode(depth, list(range(100)))
"""
SIZES = {"headless": None, "live 80x24": (24, 80), "live 200x50": (50, 200)}


def drain(keyboard: int) -> None:
    """Read what is drawn, as a terminal does."""
    try:
        while os.read(keyboard, 65_536):
            pass
    except OSError:
        pass


def stats_of(pid: int, seconds: int, size: tuple[int, int] | None) -> dict[str, Any]:
    """The stats of one run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out.json")
        words = [sys.executable, "-m", "otx", "profile", "--pid", str(pid), "-d", f"{seconds}s"]
        words += ["-o", str(out)]
        if size is None:
            subprocess.run(words, check=True)
        else:
            keyboard, terminal = pty.openpty()
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
            variables = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            process = subprocess.Popen(
                [*words, "--live"],
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                env=variables,
                start_new_session=True,
            )
            os.close(terminal)
            reader = threading.Thread(target=drain, args=(keyboard,), daemon=True)
            reader.start()
            assert process.wait() == 0
            reader.join(1)
            os.close(keyboard)
        stats: dict[str, Any] = json.loads(out.read_text())["stats"]
        return stats


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in SIZES}
    with running(sys.executable, "-c", TARGET) as pid:
        for _ in range(given.rounds):
            for name, size in SIZES.items():
                runs[name].append(stats_of(pid, given.seconds, size))
    for name, found in runs.items():
        own = statistics.median(it["own_cpu_seconds"] for it in found) / given.seconds
        samples = statistics.median(it["samples"] for it in found)
        cost = statistics.median(it["target_overhead"] for it in found)
        lost = sum(it["lost"] for it in found)
        print(
            f"{name:<12} otx {own:6.1%} of a core, target {cost:.2%}, {samples:.0f} samples,"
            f" {lost} lost"
        )


if __name__ == "__main__":
    main()
