"""Builds the native parts into the wheel where a C compiler is; without one it is pure Python."""

import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_WIRE = "otx_wire.so"


class NativeParts(BuildHookInterface):
    """Builds `native/` and the extension of `otx.context`; of an editable install in place."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build each, put it into a wheel, and let the wheel say what it fits (hatchling)."""
        is_editable = version == "editable"
        wire = self._build_wire()
        context = self._build_context(is_editable)
        if is_editable:
            return
        if wire is not None:
            build_data["force_include"][str(wire)] = f"otx/_native/{_WIRE}"
            build_data["pure_python"] = False
            # It is loaded by ctypes, so that one wheel fits every Python of a platform.
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{platform}"
        if context is not None:
            build_data["force_include"][str(context)] = f"otx/context/{context.name}"
            build_data["pure_python"], build_data["infer_tag"] = False, True
            build_data.pop("tag", None)  # an extension fits one Python

    def _build_wire(self) -> Path | None:
        native = Path(self.root) / "native"
        try:
            make = ["make", "--silent", "-C", native]
            subprocess.run(make, check=True)  # noqa: S603 - whichever make the builder has
        except (OSError, subprocess.CalledProcessError) as error:
            # Nothing needs it: what it does is then done by protobuf's own parser and by Arrow.
            self.app.display_warning(f"native/ is not built, and receiving is slower: {error}")
            return None
        return native / _WIRE

    def _build_context(self, is_editable: bool) -> Path | None:
        sys.path.insert(0, self.root)
        from otx.context.build import BuildFailed, build

        folder = None if is_editable else Path(self.root) / "build" / "context"
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            return build(folder)
        except BuildFailed as failure:
            self.app.display_warning(f"otx.context is without its native part: {failure}")
            return None
        finally:
            sys.path.remove(self.root)
