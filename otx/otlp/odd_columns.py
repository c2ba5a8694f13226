"""The rules of `otx.otlp.oddity` on columns: every span counted, at next to no cost."""

from collections import Counter
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from otx.otlp.column_groups import Table
from otx.otlp.oddity import MAX_UNIX_NANO, Oddity

Mask: TypeAlias = Any
"""A column of booleans; pyarrow carries no types."""

_UNSET, _LAST = (pa.scalar(number, pa.int64()) for number in (0, MAX_UNIX_NANO))


def count_oddities(spans: Table) -> Counter[Oddity]:
    """How many rows of `SPAN_SCHEMA` break each rule; those on attributes are left out."""
    start, end = (spans[f"{edge}_time"].cast("int64") for edge in ("start", "end"))
    has_no_start = pc.equal(start, _UNSET)
    has_no_end = pc.and_(pc.less(end, start), pc.equal(end, _UNSET))
    masks = {
        Oddity.NO_TRACE_ID: _is_no_id(spans["trace_id"], 32),
        Oddity.NO_SPAN_ID: _is_no_id(spans["span_id"], 16),
        Oddity.NO_TIMES: pc.and_(has_no_start, pc.equal(end, _UNSET)),
        Oddity.NO_START: pc.and_(has_no_start, pc.not_equal(end, _UNSET)),
        Oddity.NO_END: has_no_end,
        Oddity.ENDS_EARLY: pc.and_not(pc.less(end, start), has_no_end),
        Oddity.BEYOND_TIME: pc.equal(pc.max_element_wise(start, end), _LAST),
    }
    counts = {oddity: pc.sum(mask).as_py() or 0 for oddity, mask in masks.items()}
    return +Counter(counts)


def _is_no_id(ids: Any, digits: int) -> Mask:
    size, zeros = pa.scalar(digits, pa.int32()), pa.scalar("0" * digits, pa.string())
    return pc.or_(pc.not_equal(pc.binary_length(ids), size), pc.equal(ids, zeros))
