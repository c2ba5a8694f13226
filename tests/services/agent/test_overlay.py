"""The effective configuration: order, merging, and texts that must pass unharmed."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.services.agent.overlay import Unmergeable, effective_text


def remote(objects: dict[str, str], content_type: str = "") -> AgentConfigMap:
    config = AgentConfigMap()
    for name, body in objects.items():
        config.config_map[name].body = body.encode()
        config.config_map[name].content_type = content_type
    return config


def merged(base: str | None, objects: dict[str, str]) -> object:
    text = effective_text(None if base is None else base.encode(), remote(objects))
    return yaml.safe_load(text) if text is not None else None


def test_objects_are_laid_over_one_another_by_name_the_nameless_last() -> None:
    objects = {"": "x: last\n", "b": "x: b\ny: b\n", "a": "x: a\ny: a\nz: a\n"}
    assert merged("x: base\nw: base\n", objects) == {
        "w": "base", "x": "last", "y": "b", "z": "a",
    }  # fmt: skip


def test_maps_are_merged_and_lists_replaced() -> None:
    base = "service: {pipelines: {traces: {receivers: [otlp]}}}\n"
    over = "service: {pipelines: {traces: {receivers: [nop]}, logs: {receivers: [otlp]}}}\n"
    pipelines = {"traces": {"receivers": ["nop"]}, "logs": {"receivers": ["otlp"]}}
    assert merged(base, {"": over}) == {"service": {"pipelines": pipelines}}


def test_the_agents_own_section_is_not_for_the_process() -> None:
    assert effective_text(b"agent: {name: x}\na: 1\n", None) == b"a: 1\n"
    assert merged("agent: {name: x}\na: 1\n", {"": "b: 2\n"}) == {"a": 1, "b": 2}


@pytest.mark.parametrize("word", ["0o14", "014", "on", "1e3", "2001-01-01", "~", "${env:X}", "1_0"])
def test_scalars_travel_as_they_are_written(word: str) -> None:
    text = effective_text(f"a: {word}\n".encode(), remote({"": f"b: {word}\n"}))
    assert text == f"a: {word}\nb: {word}\n".encode()


def test_a_single_text_passes_with_its_comments() -> None:
    assert effective_text(b"# why\na: 1\n", None) == b"# why\na: 1\n"
    assert effective_text(b"[section]\nkey = 1\n", None) == b"[section]\nkey = 1\n"
    assert effective_text(None, remote({"": "[s]\nk = 1\n"})) == b"[s]\nk = 1\n"


@pytest.mark.parametrize("config", [None, remote({}), remote({"": ""}), remote({"": " \n"})])
def test_an_empty_offer_lays_nothing_over(config: AgentConfigMap | None) -> None:
    assert effective_text(b"a: 1\n", config) == b"a: 1\n"
    assert effective_text(None, config) is None


def test_reserved_objects_are_no_configuration() -> None:
    assert effective_text(b"a: 1\n", remote({"otx.signature": "ed25519 x y"})) == b"a: 1\n"


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ({"x.yaml": "a: ["}, "object 'x.yaml' is no YAML at line"),
        ({"": "a: 1", "b": "- 1"}, "object 'b' is no YAML map"),
        ({"": "a: &a [*a]"}, "nested deeper"),
        ({"": "a: " + "[" * 100 + "]" * 100}, "nested deeper"),
        ({"": "\x00"}, "no YAML"),
    ],
)
def test_what_cannot_be_merged_is_told_with_its_place(
    objects: dict[str, str], message: str
) -> None:
    with pytest.raises(Unmergeable, match=message):
        effective_text(b"base: 1\n", remote(objects))


def test_a_reader_of_yaml_is_given_nothing_else() -> None:
    for text in ("just words", "- 1", "a: ["):
        with pytest.raises(Unmergeable):
            effective_text(None, remote({"": text}), is_yaml=True)
        with pytest.raises(Unmergeable):
            effective_text(None, remote({"": text}, "text/yaml"))


def test_aliases_of_aliases_take_no_time_and_no_room() -> None:
    lines = ["a0: &a0 {k: v}"] + [
        f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}" for n in range(1, 40)
    ]
    bomb = "\n".join(lines)
    text = effective_text(bomb.encode(), remote({"": bomb, "b": bomb}))
    assert text is not None
    assert len(text) < 10 * len(bomb)


KEYS = st.sampled_from(["a", "b", "c"])
TREES = st.recursive(
    st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=2),
    lambda children: st.dictionaries(KEYS, children, max_size=3),
    max_leaves=8,
)
MAPS = st.dictionaries(KEYS, TREES, min_size=1, max_size=3)


def laid_over(under: object, over: object) -> object:
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    return under | {key: laid_over(under.get(key), value) for key, value in over.items()}


@given(base=MAPS, first=MAPS, second=MAPS)
def test_merging_is_what_merging_values_would_be(
    base: object, first: object, second: object
) -> None:
    objects = {"1": yaml.safe_dump(first), "2": yaml.safe_dump(second)}
    assert merged(yaml.safe_dump(base), objects) == laid_over(laid_over(base, first), second)
