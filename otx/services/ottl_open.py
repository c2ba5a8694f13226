"""A piece opened for statements, and what is left of it written.

What a plan does not touch is not decoded. Protobuf stays bytes, and what is JSON and becomes JSON
again stays the objects that the parser made.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeAlias

from google.protobuf.message import Message

from otx.errors import UsageError
from otx.model.frozen import Frozen
from otx.model.signal import Signal
from otx.otlp.files import parse_json, parse_protobuf_piece, signal_of_document
from otx.otlp.json_codec import InvalidJson
from otx.otlp.json_normal import normalise
from otx.otlp.json_open import official_descriptor, read_open, write_open
from otx.otlp.json_values import valid_document
from otx.otlp.json_view import JsonMessage, json_view
from otx.otlp.open_view import open_class
from otx.otlp.pieces import Piece
from otx.ottl.batch import Batch
from otx.ottl.plan import Plan

WorkForm: TypeAlias = Literal["protobuf", "json", "nothing"]
"""What is wanted of a piece."""


class Opened(Frozen):
    """A piece that statements can run on.

    Attributes:
        signal: Its signal.
        message: The request, in the open view or its form over JSON.
        warnings: What was read though it should not be sent, and how often.
    """

    signal: Signal
    message: Message | JsonMessage
    warnings: Counter[str]


def open_piece(plan: Plan, piece: Piece, form: WorkForm) -> Opened:
    """Open a piece for a plan.

    A request that is sent on or copied is so as protobuf, and a profile looks up its attributes in
    tables of its request, which is slow over JSON.

    Raises:
        UsageError: The piece is no OTLP; its place is named.
    """
    warnings: Counter[str] = Counter()
    if piece.encoding == "protobuf":
        signal, _ = parse_protobuf_piece(piece, takes_any_text=True)
        return Opened(signal, open_class(signal).FromString(piece.data), warnings)
    document = parse_json(piece)
    signal = signal_of_document(document, piece.place)
    official = official_descriptor(signal)
    stays_json = form == "json" and signal is not Signal.PROFILES and not plan.sends_on(signal)
    try:
        if stays_json:
            fields = normalise(document, official, warnings)
            return Opened(signal, json_view(signal)(fields), warnings)
        message = open_class(signal)()
        read_open(message, document, official, warnings)
    except InvalidJson as error:
        raise UsageError(f"{piece.place}: {error}") from None
    return Opened(signal, message, warnings)


def written(leaving: Sequence[Batch], signal: Signal, form: WorkForm) -> bytes:
    """What leaves a plan, as one request."""
    if form == "nothing":
        return b""
    message = leaving[0].message if len(leaving) == 1 else _merged(leaving, signal)
    if form == "protobuf":
        return message.SerializeToString()
    import orjson  # 1 ms

    if not isinstance(message, JsonMessage):
        return orjson.dumps(write_open(message, official_descriptor(signal)))
    try:
        return orjson.dumps(message.fields)
    except TypeError:  # statements made a text that is no UTF-8
        return orjson.dumps(valid_document(message.fields))


def _merged(leaving: Sequence[Batch], signal: Signal) -> Message:
    message = open_class(signal)()
    for one in leaving:
        message.MergeFromString(one.message.SerializeToString())
    return message
