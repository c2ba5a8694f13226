"""Contexts made of options."""

from otx.services.trace_context_convert import EncodeOptions, made_context


def options(trace_id: str | None = None, *, is_random: bool | None = None) -> EncodeOptions:
    return EncodeOptions(trace_id, None, False, is_random, [], [])


def test_random_bytes_become_ids_and_zero_is_none() -> None:
    context = made_context(options(), lambda size: bytes(range(size)))
    assert context.trace_id == "000102030405060708090a0b0c0d0e0f"
    assert context.parent_id == "0001020304050607"
    assert made_context(options(), bytes).trace_id == "01" * 16


def test_an_id_that_was_given_is_not_called_random() -> None:
    assert made_context(options(), lambda size: b"a" * size).random is True
    assert made_context(options("ab" * 16), lambda size: b"a" * size).random is False
    assert made_context(options("ab" * 16, is_random=True), bytes).random is True
