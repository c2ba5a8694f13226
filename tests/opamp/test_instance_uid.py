"""Instance uids are UUIDs of version 7."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.instance_uid import new_uid, parse_uid, uid_text


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_new_uid_is_a_uuid7_of_its_millisecond(now_ms: int, noise: bytes) -> None:
    uid = uuid.UUID(bytes=new_uid(now_ms, lambda size: noise[:size]))
    assert uid.version == 7
    assert uid.variant == uuid.RFC_4122
    assert uid.int >> 80 == now_ms


@given(st.binary(min_size=16, max_size=16))
def test_parsing_undoes_writing(uid: bytes) -> None:
    assert parse_uid(uid_text(uid)) == uid


def test_other_lengths_are_shown_as_they_are() -> None:
    assert uid_text(b"\x01\x02") == "0102"
