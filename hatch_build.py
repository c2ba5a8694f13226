"""Builds the native part of `otx.context` with the wheel; without a compiler the wheel is pure."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NativePart(BuildHookInterface):
    """Adds the extension to a wheel, or builds it in place for an editable one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it, and let the wheel's name say for which interpreter and machine it is."""
        sys.path.insert(0, self.root)
        from otx.context.build import BuildFailed, build

        folder = None if version == "editable" else Path(self.root) / "build" / "context"
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            built = build(folder)
        except BuildFailed as failure:
            self.app.display_warning(f"otx.context is without its native part: {failure}")
            return
        finally:
            sys.path.remove(self.root)
        if folder is not None:
            build_data["force_include"][str(built)] = f"otx/context/{built.name}"
            build_data["pure_python"], build_data["infer_tag"] = False, True
