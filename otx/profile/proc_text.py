r"""Lines of files below /proc, in which names that a process chose for itself stand.

The kernel ends lines with a line feed and writes those of a name as `\n` or `\012` (proc(5)). It
leaves alone every other character at which Python ends lines, among them the carriage return that
a text file turns into a line feed: so a thread's or a file's name could be a line of its own.
"""

from pathlib import Path


def read_lines(path: str | Path, errors: str = "replace") -> list[str]:
    """The lines as the kernel wrote them.

    Args:
        errors: What becomes of bytes that are no UTF-8, as `bytes.decode` calls it.

    Raises:
        OSError: The file is not there, or may not be read.
    """
    return lines_of(Path(path).read_bytes(), errors)


def lines_of(content: bytes, errors: str = "replace") -> list[str]:
    """The lines of what such a file holds."""
    return content.decode("utf-8", errors).split("\n")
