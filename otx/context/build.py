"""Builds the native part of `otx.context` for the interpreter that runs this.

`pip` builds it with the wheel where a C compiler and Python's headers are (`hatch_build.py`);
`python -m otx.context.build [DIRECTORY]` builds it later, or for another interpreter.
"""

import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

SOURCE = Path(__file__).with_name("native.c")
_FLAGS = ("-shared", "-fPIC", "-O2", "-fvisibility=hidden")
_DIALECTS = (("-mtls-dialect=gnu2",), ())
"""TLS descriptors are what OTEP 4947 prefers: fewer instructions for each access. Not every
compiler has them, and readers know both."""

_TIMEOUT_S = 120.0


class BuildFailed(Exception):
    """There is no compiler, there are no headers, or the compiler refuses."""


def file_name() -> str:
    """What the native part is called for this interpreter."""
    return "_native" + str(sysconfig.get_config_var("EXT_SUFFIX"))


def build(directory: Path | None = None) -> Path:
    """Build the native part into a directory, without one beside its source; where it is.

    Raises:
        BuildFailed: It cannot be built here; the message says why.
    """
    target = (directory or SOURCE.parent) / file_name()
    compiler = shlex.split(str(sysconfig.get_config_var("CC") or "cc"))
    include = f"-I{sysconfig.get_path('include')}"
    reason = ""
    for dialect in _DIALECTS:
        words = [*compiler, *_FLAGS, *dialect, include, str(SOURCE), "-o", str(target)]
        try:
            subprocess.run(  # noqa: S603 - the compiler that Python was built with
                words, check=True, capture_output=True, text=True, timeout=_TIMEOUT_S
            )
        except subprocess.CalledProcessError as error:
            reason = str(error.stderr).strip()
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildFailed(f"{compiler[0]}: {error}") from None
        else:
            return target
    raise BuildFailed(reason or f"{compiler[0]} failed")


def main(words: list[str]) -> int:
    """Build it and say where it is; 0, or 1 where it cannot be built."""
    try:
        target = build(Path(words[0]) if words else None)
    except BuildFailed as failure:
        sys.stderr.write(f"error: otx.context cannot be built: {failure}\n")
        sys.stderr.write("hint: it needs a C compiler and Python's headers (python3-dev)\n")
        return 1
    sys.stderr.write(f"{target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
