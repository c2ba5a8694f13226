"""Files of keys that configurations are signed with: the private half never leaves this side."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from otx.errors import MachineError, UsageError, missing_extra
from otx.opamp.signing import new_private_key, private_key, private_pem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OTHERS = 0o077
"""The rights of everybody but the owner."""


def make_key_file(path: Path) -> "Ed25519PrivateKey":
    """A new private key in a file that its owner alone can read; what is there is never replaced.

    Raises:
        UsageError: Something is there.
        MachineError: It cannot be written; nothing is left behind.
    """
    with _library():
        key = new_private_key()
    try:
        file = _new_file(path)
    except FileExistsError:
        raise UsageError(
            f"{path} is there already, and a key is never replaced",
            hint="--public FILE prints its public half; -o FILE makes another",
        ) from None
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(private_pem(key))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _cannot_write(path, error) from None
    return key


def read_key_file(path: Path, warn: Callable[[str, str], None]) -> "Ed25519PrivateKey":
    """The private key of a file; one that others can read is told with what to do about it.

    Raises:
        UsageError: It cannot be read, or is none.
    """
    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(
            f"{path}: no private key in PEM", hint="`otx opamp key` makes one"
        ) from None
    try:
        with _library():
            key = private_key(text)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint) from None
    if mode & OTHERS:
        warn(f"{path} can be used by others than its owner", f"chmod 600 {path}")
    return key


def _new_file(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except FileExistsError as error:
        raise NotADirectoryError(error.errno, "its folder is a file") from None
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _cannot_write(path: Path, error: OSError) -> MachineError:
    return MachineError(f"cannot write {path}: {error.strerror}", hint="-o names another file")


@contextmanager
def _library() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise missing_extra(error.name or "cryptography", "opamp") from None
