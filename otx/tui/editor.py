"""A text in the editor a person has chosen, while the screens stand back.

What is edited is a copy that goes when the editor ends: telemetry is not changed by hand.
"""

import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from otx.errors import MachineError, UsageError


def editor_of(variables: Mapping[str, str]) -> list[str]:
    """The words that start the editor.

    Raises:
        UsageError: None is chosen, or what is chosen is no command.
    """
    for name in ("VISUAL", "EDITOR"):
        chosen = variables.get(name, "").strip()
        if not chosen:
            continue
        try:
            return shlex.split(chosen)
        except ValueError:
            raise UsageError(f"{name} is no command: {chosen}") from None
    raise UsageError("no editor is chosen: set VISUAL or EDITOR")


def edit(command: list[str], text: str, ending: str) -> None:
    """Show a text in an editor until that ends.

    Raises:
        MachineError: The editor cannot be started, or says that it failed.
    """
    with tempfile.TemporaryDirectory(prefix="otx-") as folder:
        file = Path(folder) / f"otx{ending}"
        file.write_text(text, encoding="utf-8")
        try:
            # The person's own command, by their own wish.
            done = subprocess.run([*command, str(file)], check=False)  # noqa: S603
        except OSError as error:
            raise MachineError(f"cannot start {command[0]}: {error.strerror}") from None
    if done.returncode:
        raise MachineError(f"{command[0]} ended with code {done.returncode}")
