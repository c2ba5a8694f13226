"""Options that name a file or a folder stand once: a second one would replace the first unseen."""

from typing import Any

import typer.core

from otx.errors import UsageError

_PLACES = ("FILE", "DIR")


class OnceCommand(typer.core.TyperCommand):
    """A command that refuses to leave out what it was told to read."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments as ever, and refuse an option of a place that is given twice."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        seen: set[str] = set()
        for option in order:
            if option.name in seen and _names_a_place(option):
                raise UsageError(
                    f"{'/'.join(option.opts)} is given twice", hint="one of them would not be used"
                )
            seen.add(str(option.name))
        return super().parse_args(ctx, args)


def _names_a_place(option: Any) -> bool:
    is_single = option.param_type_name == "option" and not option.multiple
    return is_single and (option.metavar in _PLACES or option.name == "out")
