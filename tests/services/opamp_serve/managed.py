"""A real `otx agent run` in a process of its own, which a server manages."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SLEEPER = ("/bin/sh", "-c", "exec sleep 1000", "{config}")
"""What is supervised: it takes any configuration."""


@contextmanager
def managed(
    folder: Path,
    variables: dict[str, str],
    url: str,
    *options: str,
    section: str = "health: {window: 50ms, observation: 300ms}",
    command: tuple[str, ...] = SLEEPER,
) -> Iterator["subprocess.Popen[bytes]"]:
    """An agent that takes configurations while the block runs, and its process."""
    folder.mkdir(exist_ok=True)
    (folder / "base.yaml").write_text(f"agent: {{{section}}}\n")
    words = [sys.executable, "-m", "otx", "agent", "run", "--server", url, "--state", "state"]
    words += ["--config", "base.yaml", "--allow-remote-config", *options, "--", *command]
    with (folder / "agent.log").open("ab") as log:
        process = subprocess.Popen(
            words, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
