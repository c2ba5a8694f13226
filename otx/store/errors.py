"""What the store refuses or cannot do.

`LogFull` and `LogFailed` are for the receiver, which turns them into the protocol's own
"try again later"; the rest reaches the user as it is.
"""

from otx.errors import MachineError, NotThere, UsageError

MEND_HINT = "`otx store verify` lists what is damaged, `otx store compact` puts it right"

REBUILD_HINT = "`otx store compact` makes a new one from the segments"


class LogFull(MachineError):
    """The write-ahead log's queue is full: the disk is slower than the senders. Try again."""


class LogFailed(MachineError):
    """A batch could not be made durable and was taken back as a whole. Try again."""


class StoreDamaged(MachineError):
    """A file of the store is not what otx wrote."""


class StoreNewer(MachineError):
    """A store of a format that a later otx made."""


class StoreMissing(NotThere):
    """Nothing was ever kept where the store was looked for."""


class SearchError(UsageError):
    """A search expression that cannot be understood.

    Attributes:
        text: The whole expression.
        position: Index of the first character that is at fault, for the caret.
    """

    def __init__(self, message: str, text: str, position: int, hint: str = "") -> None:
        super().__init__(f"{message} at column {position + 1} of {text!r}", hint)
        self.reason = message
        self.text = text
        self.position = position
