"""The world a command runs in: streams, terminal, colour, directories, clock.

One object, made once at the edge and handed down; tests make their own. No other code touches
`sys.stdout`, `os.environ` or `time.time_ns` directly.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, TextIO, TypeAlias

from otx.streams import standard_streams

ColourMode: TypeAlias = Literal["auto", "always", "never"]


@dataclass(frozen=True)
class Environment:
    """Streams, variables, directories and clock of one run.

    Attributes:
        clock: Unix time in nanoseconds, now.
        colour_mode: What `--color` says.
        debug: Whether `--log-level debug` was given.
    """

    stdin: BinaryIO
    stdout: TextIO
    stderr: TextIO
    variables: Mapping[str, str]
    clock: Callable[[], int] = time.time_ns
    colour_mode: ColourMode = "auto"
    debug: bool = False
    cwd: Path = field(default_factory=Path.cwd)

    @classmethod
    def of_process(cls) -> "Environment":
        """The environment of this very process."""
        stdin, stdout, stderr = standard_streams()
        return cls(
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            variables=os.environ,
            debug=os.environ.get("OTX_DEBUG", "") not in ("", "0"),
        )

    @property
    def stdout_is_terminal(self) -> bool:
        """Whether a person is likely to be reading stdout."""
        return self.stdout.isatty()

    @property
    def stderr_is_terminal(self) -> bool:
        """Whether a person is likely to be reading stderr."""
        return self.stderr.isatty()

    @property
    def is_interactive(self) -> bool:
        """Whether a full screen can be shown: a terminal on every stream that is not dumb.

        Textual draws on stderr, so that one counts too.
        """
        return (
            self.stdin.isatty()
            and self.stdout_is_terminal
            and self.stderr_is_terminal
            and self.variables.get("TERM", "") not in ("", "dumb")
        )

    def wants_colour(self, stream: TextIO) -> bool:
        """Whether to colour what goes to `stream` (`--color`, then NO_COLOR, then the terminal)."""
        if self.colour_mode != "auto":
            return self.colour_mode == "always"
        if self.variables.get("NO_COLOR"):
            return False
        return stream.isatty() and self.variables.get("TERM") != "dumb"

    @property
    def config_dir(self) -> Path:
        """Where the user's configuration is read from."""
        return self._xdg("XDG_CONFIG_HOME", ".config")

    @property
    def state_dir(self) -> Path:
        """Where stores, pid files and crash reports are kept."""
        return self._xdg("XDG_STATE_HOME", ".local/state")

    @property
    def cache_dir(self) -> Path:
        """Where what can be made again is kept."""
        return self._xdg("XDG_CACHE_HOME", ".cache")

    def _xdg(self, variable: str, fallback: str) -> Path:
        base = self.variables.get(variable, "")
        if base and Path(base).is_absolute():
            return Path(base) / "otx"
        home = self.variables.get("HOME", "")
        return (Path(home) if home else Path.home()) / fallback / "otx"
