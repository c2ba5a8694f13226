"""A session as most tests want it: of some pids, and looking often enough for seconds to do."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from otx.profile.session import ProfileSession, SamplingOptions, Target

FAST_HZ = 499


def open_session(
    pids: Sequence[int],
    *,
    cache_dir: Path | None = None,
    await_exec: Collection[int] = (),
    on_warning: Callable[[str], None] = lambda text: None,
    **options: Any,
) -> ProfileSession:
    """Samples processes at `FAST_HZ`, or as the options say (`SamplingOptions`)."""
    return ProfileSession(
        Target(tuple(pids)),
        SamplingOptions(**{"frequency_hz": FAST_HZ, **options}),
        cache_dir=cache_dir,
        await_exec=await_exec,
        on_warning=on_warning,
    )
