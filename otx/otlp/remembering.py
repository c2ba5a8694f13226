"""Answers that are kept for what comes again and again, as resources and scopes do.

A cache that counts entries alone holds whatever a sender makes of them: four thousand resources of
a megabyte. So what is long is worked out each time.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

Key = TypeVar("Key", bytes, str)
Answer = TypeVar("Answer")

LONGEST = 4 << 10
"""Bytes or characters of what is asked about; resources of real senders have some hundred."""


def remembering(
    most: int, longest: int = LONGEST
) -> Callable[[Callable[[Key], Answer]], Callable[[Key], Answer]]:
    """Keep the last `most` answers of a function to what is no longer than `longest`."""

    def decorate(function: Callable[[Key], Answer]) -> Callable[[Key], Answer]:
        kept = lru_cache(maxsize=most)(function)

        def answer(key: Key) -> Answer:
            return kept(key) if len(key) <= longest else function(key)

        return answer

    return decorate
