"""Builds `native/` into the wheel where a C compiler is; without one the wheel is pure Python."""

import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_LIBRARY = "otx_wire.so"


class NativeHook(BuildHookInterface):
    """Runs `make -C native`; an editable install finds the library where that leaves it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library, and put it into a wheel (hatchling)."""
        native = Path(self.root) / "native"
        try:
            subprocess.run(["make", "--silent", "-C", native], check=True)  # noqa: S603, S607
        except (OSError, subprocess.CalledProcessError) as error:
            # Nothing needs it: what it does is then done by protobuf's own parser and by Arrow.
            self.app.display_warning(f"native/ is not built, and receiving is slower: {error}")
            return
        if version == "editable":
            return
        build_data["force_include"][str(native / _LIBRARY)] = f"otx/_native/{_LIBRARY}"
        build_data["pure_python"] = False
        # It is loaded by ctypes, so that one wheel fits every Python of a platform.
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"
