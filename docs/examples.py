"""Runs the examples of a page and puts what they print under them, so that no page shows a dream.

A fenced block with a name (`yaml collector.yaml`) is a file; the commands of a `console` block run
in a folder that holds all files before it. What cannot be run here stands in a `sh` block.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PAGES = ("ottl.md", "send.md", "trace-context.md", "trace-explain.md")

_BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<file>\S+))?\n(?P<body>.*?)^```$", re.M | re.S)
_TIME = re.compile(r"\d[\d.]* ?(?:ns|µs|ms)\b")
_TIMEOUT_S = 60


def renewed(page: str) -> str:
    """The page with what its commands print now."""
    with tempfile.TemporaryDirectory() as folder:
        return _BLOCK.sub(lambda block: _renewed(block, Path(folder)), page)


def comparable(page: str) -> str:
    """A page without the times that it shows, which no two runs have in common."""
    return _TIME.sub("some time", page)


def _renewed(block: "re.Match[str]", folder: Path) -> str:
    if block["file"]:
        (folder / block["file"]).write_text(block["body"], encoding="utf-8")
    if block["kind"] != "console":
        return block[0]
    commands = re.findall(r"^\$ (?:.*\\\n)*.*\n", block["body"], re.M)
    printed = [command + _output(command.removeprefix("$ "), folder) for command in commands]
    return f"```console\n{''.join(printed)}```"


def _output(command: str, folder: Path) -> str:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder),
        "COLUMNS": "100",
    }
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.decode().splitlines())


if __name__ == "__main__":
    for name in PAGES:
        place = HERE / name
        before = place.read_text(encoding="utf-8")
        after = renewed(before)
        # Where nothing but times differs, they stay as they are.
        if comparable(after) != comparable(before):
            place.write_text(after, encoding="utf-8")
