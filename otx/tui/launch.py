"""How the screens are started: what runs beside them, and that it ends with them.

`otx tui` and `otx demo` differ only in what is already running when the screens open.
"""

from dataclasses import dataclass
from pathlib import Path

from otx.config import Config
from otx.environment import Environment
from otx.errors import MachineError, OtxError, UsageError
from otx.tui.app import OtxApp
from otx.tui.feed import Sampled, Sources, StoreFeed
from otx.tui.themes import THEMES


@dataclass(frozen=True)
class TuiOptions:
    """What the screens look at.

    Attributes:
        store_dir: The store whose traces and logs are shown. Who receives for it is found out.
        profile: The running profiler behind the flame graph; whoever started it stops it.
        profile_missing: Why there is no profiler, and what to do about it; None where nobody
            asked for one.
        duration_s: After how long the screens close by themselves; None for when the user quits.
        first: The screen to open on: traces, logs or flame.
    """

    store_dir: Path
    profile: Sampled | None = None
    profile_missing: OtxError | None = None
    duration_s: float | None = None
    first: str = "traces"


def run_tui(environment: Environment, options: TuiOptions) -> int:
    """Show the screens until the user leaves; the exit code.

    Raises:
        MachineError: This is no terminal that can show a full screen.
        UsageError: The configured theme does not exist.
        Exception: What ended the screens, where that was a fault; the terminal is restored.
    """
    require_terminal(environment)
    app = make_app(environment, options)
    code = app.run()
    if app.failure is not None:
        raise app.failure
    return code or 0


def make_app(environment: Environment, options: TuiOptions) -> OtxApp:
    """The app on a real feed, not yet running.

    Raises:
        UsageError: The configured theme does not exist.
    """
    sources = Sources(options.store_dir, options.profile, options.profile_missing)
    colourless = not environment.wants_colour(environment.stderr)
    app = OtxApp(
        StoreFeed(sources, environment.clock),
        environment.clock,
        colourless=colourless,
        duration_s=options.duration_s,
        first=options.first,
        variables=environment.variables,
    )
    theme = Config(environment).get("tui.theme").text
    if theme not in app.available_themes:
        names = ", ".join(theme.name for theme in THEMES)
        raise UsageError(f"no theme {theme!r}", hint=f"{names}, or one of Textual's")
    if not colourless:
        app.theme = theme
    return app


def require_terminal(environment: Environment) -> None:
    """Pass where a full screen can be shown.

    Raises:
        MachineError: It cannot.
    """
    if environment.is_interactive:
        return
    raise MachineError(
        "the screens need a terminal that can move its cursor on stdin, stdout and stderr",
        hint="otx receive --print and otx trace list work anywhere",
    )
