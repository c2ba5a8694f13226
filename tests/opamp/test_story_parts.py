import pytest

from otx.opamp.opamp_pb2 import AgentConfigMap, ComponentHealth
from otx.opamp.story_parts import Health, Lines, hash_text, named, set_change


def config(**bodies: bytes) -> AgentConfigMap:
    found = AgentConfigMap()
    for key, body in bodies.items():
        found.config_map[key].body = body
    return found


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (b"a\nb\n", b"a\nb\n", "effective config, unchanged"),
        (b"a\nb\n", b"a\nc\n", "effective config: 1 line changed"),
        (b"a\nb\n", b"a\nb\nc\nd\n", "effective config: +2 lines"),
        (b"a\nb\n", b"b\n", "effective config: −1 lines"),
        (b"a\nb\n", b"c\n", "effective config: +1 −2 lines"),
        (b"a\nb\n", b"b\na\n", "effective config: lines in another order"),
    ],
)
def test_a_configuration_is_told_by_the_lines_that_changed(
    before: bytes, now: bytes, told: str
) -> None:
    assert Lines.of(config(a=now)).told(Lines.of(config(a=before))) == told


def test_objects_come_and_go_by_name() -> None:
    before, now = Lines.of(config(a=b"x", b=b"y")), Lines.of(config(a=b"x", c=b"z"))
    assert now.told(before) == "effective config: object removed in b, object added in c"


def test_hashes_are_short_and_an_empty_one_is_named() -> None:
    assert hash_text(bytes(range(9))) == "00010203…"
    assert hash_text(b"\x01") == "01"
    assert hash_text(b"") == "(none)"


def test_of_many_changes_the_first_are_named() -> None:
    assert named(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_sets_of_words_are_told_by_their_difference() -> None:
    assert set_change(["a", "b"], ["b", "c"]) == "+a −c"


def test_a_new_start_and_new_attributes_are_no_unchanged_health() -> None:
    before = ComponentHealth(healthy=True, start_time_unix_nano=1)
    before.attributes.add(key="phase").value.string_value = "probation"
    after = ComponentHealth(healthy=True, start_time_unix_nano=2)
    after.attributes.add(key="phase").value.string_value = "idle"
    assert Health.of(after).told(Health.of(before)) == "health started anew, phase changed"
    assert Health.of(after).told(Health.of(after)) == "health again, unchanged"
