"""What goes wrong while names are read from files and processes that may be anything."""


class UnreadableError(ValueError):
    """Bytes that are not what they should be, or memory that cannot be read any more.

    Never shown as it is: who asks falls back to an address, or leaves the frame out.
    """
