"""Finds the native part of `otx.context`, and says why where it is not to be had.

It lies beside this module, or where OTX_CONTEXT_NATIVE says. That is read from the environment of
the target, which is not otx, so its own settings do not apply.
"""

import importlib.machinery
import importlib.util
import os
import sys
from contextvars import ContextVar, Token
from pathlib import Path
from typing import Protocol, TypeAlias, cast

VARIABLE = "OTX_CONTEXT_NATIVE"
_NAME = "_native"

Record: TypeAlias = bytes | None
RecordToken: TypeAlias = Token[Record]


class Native(Protocol):
    """The native part (native.c)."""

    def follow(self, variable: ContextVar[Record]) -> None:
        """Publish what a variable holds in each thread and context from now on."""

    def set(self, record: Record) -> RecordToken:
        """Set the variable, publish it, and give the token of the change."""

    def reset(self, token: RecordToken) -> None:
        """Undo a change, and publish what is there now."""

    def published(self) -> Record:
        """The record that a reader of this thread would find."""


class NotBuilt(Exception):
    """The native part is not there, or not for this interpreter."""


def load() -> Native:
    """The native part.

    Raises:
        NotBuilt: The message says why, and what builds it.
    """
    # `python -m otx.context.build` runs that module: the package must not have loaded it before.
    from otx.context.build import file_name

    path = Path(os.environ.get(VARIABLE) or Path(__file__).with_name(file_name()))
    hint = f"`{Path(sys.executable).name} -m otx.context.build` builds it"
    if not path.is_file():
        raise NotBuilt(f"there is no {path}; {hint}")
    loader = importlib.machinery.ExtensionFileLoader(_NAME, str(path))
    spec = importlib.util.spec_from_loader(_NAME, loader)
    try:
        if spec is None:
            raise ImportError("it is no module")
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    except ImportError as error:
        raise NotBuilt(f"{path}: {error}; {hint}") from None
    return cast(Native, module)
