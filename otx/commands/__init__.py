"""One file a subcommand: arguments in, one call into a room, rows out.

Nothing heavy is imported at the top of these modules; a command that is not called costs nothing.
"""

import sys
from typing import Any

import typer


def command_app(**settings: Any) -> typer.Typer:
    """A Typer application with what all commands share: plain errors, no start-up cost.

    Help is drawn by Rich on a terminal only; in a pipe it is plain and 60 ms sooner.
    """
    return typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if sys.__stdout__ and sys.__stdout__.isatty() else None,
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )
