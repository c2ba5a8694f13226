"""Names as people wrote them: C++, Rust and Swift, demangled without their arguments."""

from collections.abc import Callable
from functools import lru_cache

_MANGLED_PREFIXES = ("_Z", "__Z", "_R", "$s", "_$s", "_T0")
_NAMES_KEPT = 65536


def demangler() -> Callable[[str], str]:
    """A function that demangles what is mangled and leaves the rest; it remembers answers.

    Without the `multi-demangle` package names stay as they are.
    """
    try:
        # An extra of 3 ms, which carries its types but does not say so (py.typed).
        from multi_demangle import (  # type: ignore[import-untyped]
            DemangleOptions,
            demangle_symbol,
        )
    except ImportError:
        return str
    options = DemangleOptions.name_only()

    @lru_cache(maxsize=_NAMES_KEPT)
    def demangle(name: str) -> str:
        if not name.startswith(_MANGLED_PREFIXES):
            return name
        return str(demangle_symbol(name, options))

    return demangle
