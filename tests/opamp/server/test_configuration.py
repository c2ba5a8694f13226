"""A configuration's hash is its content's."""

from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.server.configuration import Configuration, config_hash, config_map

files = st.dictionaries(
    st.text(max_size=5), st.tuples(st.binary(max_size=20), st.text(max_size=5)), max_size=4
)


@given(files, files)
def test_equal_content_and_only_that_has_an_equal_hash(
    one: dict[str, tuple[bytes, str]], other: dict[str, tuple[bytes, str]]
) -> None:
    is_same = config_hash(config_map(one)) == config_hash(config_map(other))
    assert is_same == (one == other)


def test_order_does_not_matter_and_another_attempt_does() -> None:
    one = config_map({"a": (b"1", ""), "b": (b"2", "")})
    other = config_map({"b": (b"2", ""), "a": (b"1", "")})
    assert config_hash(one) == config_hash(other)
    assert config_hash(one) != config_hash(one, attempt=1)


def test_parts_do_not_run_into_each_other() -> None:
    assert config_hash(config_map({"ab": (b"c", "")})) != config_hash(
        config_map({"a": (b"bc", "")})
    )


def test_an_offer_has_objects_and_hash() -> None:
    objects = config_map({"": (b"a: 1", "text/yaml")})
    one = Configuration(config_hash(objects), objects.SerializeToString(), "a.yaml")
    offer = one.offer()
    assert offer.config == objects
    assert offer.config_hash == one.hash
    assert one.label.startswith("a.yaml v1 (")
