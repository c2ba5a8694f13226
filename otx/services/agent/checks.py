"""What is asked about a configuration before it is run: short commands that say yes or why not."""

import asyncio
import base64
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from otx.opamp.signing import PublicKey
from otx.services.agent.process import Child
from otx.services.agent.standby import Standby

STOP_S = 1.0


async def why_not(
    words: Sequence[str],
    environment: dict[str, str],
    timeout_s: float,
    standby: Standby | None = None,
) -> str:
    """What a command says that does not end with 0, or why it cannot say; "" where it does.

    Args:
        standby: May have a process at hand that runs it sooner.
    """
    ended = await _run(words, environment, timeout_s, _keep_nothing, standby)
    return ended if isinstance(ended, str) else "" if ended.code == 0 else ended.said


async def ask(
    words: Sequence[str], environment: dict[str, str], timeout_s: float, most_bytes: int
) -> bytes | None:
    """What a command writes that ends with 0; None for another, and for more than that."""
    pieces: list[bytes] = []
    ended = await _run(words, environment, timeout_s, pieces.append)
    text = b"".join(pieces)
    is_good = not isinstance(ended, str) and ended.code == 0
    return text if is_good and len(text) <= most_bytes else None


class _Ended(NamedTuple):
    code: int | None
    said: str


async def _run(
    words: Sequence[str],
    environment: dict[str, str],
    timeout_s: float,
    on_output: Callable[[bytes], None],
    standby: Standby | None = None,
) -> _Ended | str:
    """How a command ended, or why it did not."""
    ended = asyncio.Event()
    how: list[str] = []

    def note(what: str) -> None:
        how.append(what)
        ended.set()

    try:
        child = (standby.take(words, note) if standby is not None else None) or Child(
            words, environment, on_output=on_output, on_exit=note
        )
    except OSError as error:
        return f"{words[0]} cannot be started: {error.strerror}"
    try:
        async with asyncio.timeout(timeout_s):
            await ended.wait()
    except TimeoutError:
        return f"{words[0]} takes longer than {timeout_s:g} s"
    finally:
        await child.stop(STOP_S)
    return _Ended(child.code, child.last_words or how[0])


async def why_untrusted(
    offer: Path, trusted: Sequence[PublicKey], environment: dict[str, str], timeout_s: float
) -> str:
    """Why no trusted key has signed the offer in a file; "" where one has.

    Asked of a process of its own, because the library that verifies takes 8 MB of an agent's 40.
    """
    keys = [base64.b64encode(key.raw).decode() for key in trusted]
    words = [sys.executable, "-m", "otx.services.agent.verify", str(offer), *keys]
    reason = await why_not(words, environment, timeout_s)
    return reason.partition("\n")[0]


def _keep_nothing(output: bytes) -> None:
    """The last lines are kept by the process."""
