"""What can go wrong in a way that the user can mend, and the exit code it ends with.

Errors are raised where they are known and shown once, by `otx.cli`. An exception that is no
`OtxError` is a fault of otx itself and ends with `ExitCode.FAULT`.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command (docs/cli.md, "Everywhere")."""

    DONE = 0
    NO = 1
    """It ran and the answer is no: a test failed, an id is not there."""
    USAGE = 2
    """Unusable arguments, configuration or input."""
    PEER = 3
    """The other side refused, rejected or cannot be reached."""
    TIMEOUT = 4
    MACHINE = 5
    """This machine won't: permission, kernel, missing library, port in use."""
    FAULT = 70
    INTERRUPTED = 130
    TERMINATED = 143


class OtxError(Exception):
    """An error the user can mend: what failed, why, and what to do about it.

    Attributes:
        message: What failed and why, one line.
        hint: The command or setting that mends it, or "".
        code: The exit code the process ends with.
    """

    code = ExitCode.USAGE

    def __init__(self, message: str, hint: str = "", code: ExitCode | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code


class UsageError(OtxError):
    """Arguments, configuration or input that cannot be used."""

    code = ExitCode.USAGE


class NotThere(OtxError):
    """The thing asked for does not exist: an id, a trace, a function."""

    code = ExitCode.NO


class PeerError(OtxError):
    """The other side refused, rejected or cannot be reached."""

    code = ExitCode.PEER


class MachineError(OtxError):
    """This machine won't: permission, kernel, missing library, port in use."""

    code = ExitCode.MACHINE


def missing_extra(module: str, extra: str) -> MachineError:
    """The error for an optional dependency that is not installed."""
    return MachineError(
        f"this needs the Python package {module!r}, which is not installed",
        hint=f"pip install 'otx[{extra}]'",
    )
