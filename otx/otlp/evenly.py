"""A few records of many, evenly spread: what one can afford to look at before acknowledging."""

from collections.abc import Sequence

from otx.otlp.wire import Generated


def evenly(groups: Sequence[Sequence[Generated]], most: int) -> list[Generated]:
    """Some records of groups taken as one row, in order: all where there are at most `most`.

    Of more, every n-th, with the smallest n that gives no more than `most`.
    """
    step = -(-sum(map(len, groups)) // most) or 1
    skip = 0
    chosen: list[Generated] = []
    for group in groups:
        if skip < len(group):
            chosen += group[skip::step]
            skip = (skip - len(group)) % step
        else:  # a request may have tens of thousands of groups, and a slice costs ten times this
            skip -= len(group)
    return chosen
