"""Files formatted in place, or compared with what formatting makes of them."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.ottl.format_file import format_file
from otx.output import Output, Remarks

FmtMode: TypeAlias = Literal["write", "check", "diff"]
STDIN = "-"


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    before: str
    after: str
    left: Sequence[tuple[int, str]]


def run_fmt(environment: Environment, names: Sequence[str], mode: FmtMode) -> int:
    """Format files; the exit code. None is written before all are read and formatted.

    Raises:
        UsageError: One cannot be read, or holds no OTTL.
    """
    files = [_read(environment, name) for name in names]
    for one in files:
        for line, why in one.left:
            Remarks(environment).warning(f"{one.name}:{line} is not formatted: {why}")
    changed = [one for one in files if one.after != one.before]
    for one in files if mode == "write" else changed:
        if mode == "diff":
            _show(environment, one)
        elif mode == "check":
            Remarks(environment).note(f"{one.name} would be formatted")
        elif one.name == STDIN:
            Output(environment).binary(one.after.encode())
        elif one in changed:
            # A link stays one: what it leads to is replaced.
            path = (environment.cwd / one.name).resolve()
            Output(environment, str(path)).binary(one.after.encode())
            Remarks(environment).note(f"formatted {one.name}")
    return ExitCode.NO if changed and mode != "write" else ExitCode.DONE


def _read(environment: Environment, name: str) -> _File:
    try:
        path = environment.cwd / name
        content = environment.stdin.read() if name == STDIN else path.read_bytes()
        before = content.decode()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is no UTF-8: byte {error.start}") from None
    formatted = format_file(before, name)
    return _File(name, before, formatted.text, formatted.left)


def _show(environment: Environment, file: _File) -> None:
    before, after = (text.splitlines() for text in (file.before, file.after))
    lines = difflib.unified_diff(before, after, file.name, file.name, lineterm="")
    Output(environment).text("\n".join(lines))
