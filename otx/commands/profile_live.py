"""`otx profile --live`: the flame graph in the terminal while samples are taken."""

from typing import TYPE_CHECKING

from otx.environment import Environment

if TYPE_CHECKING:
    from otx.services.recording import Screen

_ANYWHERE = "otx profile -o FILE.html draws a flame graph that any browser shows"


def require_terminal(environment: Environment) -> None:
    """Pass where the picture can be shown.

    Raises:
        MachineError: It cannot.
    """
    from otx.tui.launch import require_terminal  # 170 ms of Textual

    require_terminal(environment, _ANYWHERE)


def screen(environment: Environment) -> "Screen":
    """What shows a profile while it is taken.

    Raises:
        UsageError: The configured theme does not exist.
    """
    from otx.tui.launch import require_theme, run_flame  # as above, and before anything is sampled

    require_theme(environment)
    return lambda profile, is_over: run_flame(environment, profile, is_over)
