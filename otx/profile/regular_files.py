"""Files at paths that others name: opened only if they are regular ones.

To open anything else may do something: a pipe is waited for, and some devices act when they are
opened or closed. So what a path leads to is looked at first, and that very thing is opened.
"""

import os
import stat


def open_regular(path: str, *, follows_links: bool = True) -> int:
    """A descriptor for reading, which is the caller's to close.

    Args:
        follows_links: Whether a symbolic link at the path's end leads to the file.

    Raises:
        OSError: There is no regular file, or it may not be read.
    """
    stays = 0 if follows_links else os.O_NOFOLLOW
    place = os.open(path, os.O_PATH | os.O_CLOEXEC | stays)
    try:
        if not stat.S_ISREG(os.fstat(place).st_mode):
            raise OSError(f"{path} is no regular file")
        return os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(place)
