"""A process for tests to supervise: it does what its configuration says, and keeps a journal.

Keys: `marker` (any), `exit` (at once, with this code), `exit_after` (seconds), `deaf` (ignores
TERM), `children` (starts one). The journal, named by JOURNAL, gets a line a launch: pid and marker.
"""

import os
import signal
import sys
import time


def main() -> None:
    with open(sys.argv[-1], encoding="utf-8") as file:  # noqa: PTH123 (starts sooner)
        words = dict(line.split(": ", 1) for line in file.read().splitlines() if ": " in line)
    journal = os.open(os.environ["JOURNAL"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(journal, f"{os.getpid()} {words.get('marker', '-')}\n".encode())
    os.write(2, f"began with {words.get('marker', '-')}\n".encode())
    if "exit" in words:
        os.write(2, b"fatal: cannot go on\n")
        os._exit(int(words["exit"]))
    if "deaf" in words:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "children" in words and os.fork() == 0:
        os.write(journal, f"{os.getpid()} child\n".encode())
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(float(words.get("exit_after", "1000")))
    os._exit(7)


main()
