"""Names as people wrote them: C++, Rust, Swift and Objective-C demangled by `symbolic`."""

from collections.abc import Callable
from functools import lru_cache

_MANGLED_PREFIXES = ("_Z", "__Z", "_R", "$s", "_$s", "_T0")
_NAMES_KEPT = 65536


def demangler() -> Callable[[str], str]:
    """A function that demangles what is mangled and leaves the rest; it remembers answers.

    Without the `symbolic` package names stay as they are.
    """
    try:
        from symbolic.demangle import demangle_name  # 20 ms
    except ImportError:
        return str

    @lru_cache(maxsize=_NAMES_KEPT)
    def demangle(name: str) -> str:
        if not name.startswith(_MANGLED_PREFIXES):
            return name
        return str(demangle_name(name, no_args=True)) or name

    return demangle
