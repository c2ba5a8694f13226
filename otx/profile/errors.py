"""What cannot be sampled, and what goes wrong while names are read from whatever is there."""

from otx.errors import UsageError


class UnreadableError(ValueError):
    """Bytes that are not what they should be, or memory that cannot be read any more.

    Never shown as it is: who asks falls back to an address, or leaves the frame out.
    """


class UnsampledError(UsageError):
    """What the backend cannot sample, and BPF can: an event, processes for what they are."""
