"""How the screens are started: what runs beside them, and that it ends with them.

`otx tui` and `otx demo` differ only in what is already running when the screens open; `otx profile
--live` has one screen, and no store.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.theme import BUILTIN_THEMES

from otx.config import Config
from otx.environment import Environment
from otx.errors import MachineError, OtxError, UsageError
from otx.system.stop import StopSignal
from otx.tui.app import OtxApp
from otx.tui.feed import Sources, StoreFeed
from otx.tui.flame_feed import FlameFeed
from otx.tui.flame_look import Sampled
from otx.tui.snapshot import Feed
from otx.tui.themes import THEMES

_ANYWHERE = "otx receive --print and otx trace list work anywhere"


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
    with StopSignal() as stop:
        stop.hear_hangup(stop.ask)
        return _run(make_app(environment, options, lambda: stop.is_set))


def run_flame(environment: Environment, profile: Sampled, is_over: Callable[[], bool]) -> int:
    """Show a profile that is being taken until the user leaves; the exit code.

    Args:
        environment: The terminal and what is configured for it.
        profile: What is shown.
        is_over: Whether to leave.

    Raises:
        UsageError: The configured theme does not exist.
        Exception: What ended the screen, where that was a fault; the terminal is restored.
    """
    feed = FlameFeed(profile, environment.clock)
    return _run(_app_on(feed, environment, "flame", None, is_over))


def make_app(
    environment: Environment, options: TuiOptions, is_over: Callable[[], bool] = lambda: False
) -> OtxApp:
    """The app on a real feed, not yet running.

    Raises:
        UsageError: The configured theme does not exist.
    """
    sources = Sources(options.store_dir, options.profile, options.profile_missing)
    feed = StoreFeed(sources, environment.clock)
    return _app_on(feed, environment, options.first, options.duration_s, is_over)


def _app_on(
    feed: Feed,
    environment: Environment,
    first: str,
    duration_s: float | None,
    is_over: Callable[[], bool],
) -> OtxApp:
    theme = require_theme(environment)
    colourless = not environment.wants_colour(environment.stderr)
    app = OtxApp(
        feed,
        environment.clock,
        colourless=colourless,
        duration_s=duration_s,
        is_over=is_over,
        first=first,
        variables=environment.variables,
    )
    if not colourless:
        app.theme = theme
    return app


def require_theme(environment: Environment) -> str:
    """The configured theme's name.

    Raises:
        UsageError: There is no such theme.
    """
    name = Config(environment).get("tui.theme").text
    if name not in BUILTIN_THEMES and name not in {theme.name for theme in THEMES}:
        names = ", ".join(theme.name for theme in THEMES)
        raise UsageError(f"no theme {name!r}", hint=f"{names}, or one of Textual's")
    return name


def _run(app: OtxApp) -> int:
    code = app.run()
    if app.failure is not None:
        raise app.failure
    return code or 0


def require_terminal(environment: Environment, hint: str = _ANYWHERE) -> None:
    """Pass where a full screen can be shown.

    Raises:
        MachineError: It cannot; with what else to do.
    """
    if environment.is_interactive:
        return
    raise MachineError(
        "the screens need a terminal that can move its cursor on stdin, stdout and stderr",
        hint=hint,
    )
