"""The keys of the maps in loaded records."""

import pytest

from otx.ottl.cursor import PathBefore
from otx.ottl.repl import seen_keys
from otx.ottl.repl.loading import load
from otx.ottl.repl.sample import sample
from otx.ottl.repl.seen_keys import SeenKeys
from tests.ottl.repl.prompts import session

ATTRIBUTES = PathBefore(("attributes",))


def test_keys_are_counted_by_context() -> None:
    found = SeenKeys(load(sample()).records)
    assert found("resource", ATTRIBUTES)["service.name"] == 3
    assert found("datapoint", ATTRIBUTES)["http.request.method"] == 2
    assert "http.request.method" not in found("resource", ATTRIBUTES)
    assert found("span", PathBefore(("name",))) == {}
    assert found("nothing", ATTRIBUTES) == {}


def test_keys_of_a_body_and_of_maps_within_maps_are_known() -> None:
    prompt = session()
    prompt.move(1)
    prompt.run('set(body, {"order": {"id": 1}, "items": [{"a": 1}]})')
    found = SeenKeys([prompt.current])
    assert found("log", PathBefore(("body",))) == {"order": 1, "items": 1}
    assert found("log", PathBefore(("body",), ("order",))) == {"id": 1}
    assert found("log", PathBefore(("body",), ("items",))) == {}


def test_only_so_much_is_looked_at_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    records = load(sample()).records
    monkeypatch.setattr(seen_keys, "MAX_KEYS", 2)
    assert len(SeenKeys(records)("span", ATTRIBUTES)) == 2
    monkeypatch.setattr(seen_keys, "MAX_RECORDS", 1)
    assert SeenKeys(records)("resource", ATTRIBUTES)["service.name"] == 1
