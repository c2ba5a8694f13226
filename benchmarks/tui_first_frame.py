"""How soon `otx tui` shows something: process start → first paint → first drawn function.

A Python program that burns CPU is sampled; the screens run on a terminal of their own (a pty,
120×36). The first paint is the first tab bar, the first flame graph the first cell with the name
of the program's function. Wall time, medians; `python -c 'import textual'` stands beside it,
since that is the floor of any Textual program.

    python benchmarks/tui_first_frame.py [--runs N]      (as root, or where BPF is allowed)
"""

import argparse
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

OTX = [sys.executable, "-m", "otx"]
BURN = "def burn_cpu():\n    while True: pass\nburn_cpu()"
PATIENCE_S = 30.0


def wait_for(terminal: int, seen: bytes, text: bytes) -> tuple[float, bytes]:
    """When a text was drawn, and all that was drawn until then."""
    deadline_s = time.perf_counter() + PATIENCE_S
    while text not in seen:
        left_s = deadline_s - time.perf_counter()
        if not select.select([terminal], [], [], max(left_s, 0))[0]:
            raise SystemExit(f"{text!r} was not drawn within {PATIENCE_S:.0f} s")
        seen += os.read(terminal, 1 << 16)
    return time.perf_counter(), seen


def measure(pid: int) -> tuple[float, float]:
    """Seconds from the start to the first paint, and to the first drawn function."""
    keyboard, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    with tempfile.TemporaryDirectory() as store:
        arguments = ["tui", "--no-receive", "--store", store, "--pid", str(pid)]
        started_s = time.perf_counter()
        process = subprocess.Popen(
            [*OTX, *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
        try:
            painted_s, seen = wait_for(keyboard, b"", b"5 Flame")
            drawn_s, _ = wait_for(keyboard, seen, b"burn_cpu")
        finally:
            process.kill()
            process.wait()
            os.close(keyboard)
            os.close(terminal)
    return painted_s - started_s, drawn_s - started_s


def import_s() -> float:
    """Seconds of a Python that imports Textual's App and ends."""
    started_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import textual.app"], check=True)
    return time.perf_counter() - started_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    burner = subprocess.Popen([sys.executable, "-c", BURN])
    try:
        pairs = [(*measure(burner.pid), import_s()) for _ in range(runs)]
    finally:
        burner.kill()
        burner.wait()
    painted, drawn, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"python -c 'import textual.app'   {1e3 * floor:7.0f} ms")
    print(f"otx tui: first paint             {1e3 * painted:7.0f} ms   {painted / floor:.2f} ×")
    print(f"otx tui: first flame graph       {1e3 * drawn:7.0f} ms   {drawn / floor:.2f} ×")


if __name__ == "__main__":
    main()
