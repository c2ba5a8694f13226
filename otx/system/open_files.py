"""How many files and sockets this process may have open (getrlimit(2), RLIMIT_NOFILE)."""

import resource


def allow_open_files(wanted: int) -> int:
    """Raise the soft limit to `wanted` where it is lower and may be; what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted if soft == resource.RLIM_INFINITY else soft
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed
