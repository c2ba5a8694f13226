"""The database of user agents, and what happens without it."""

import sys

import pytest
import re2

from otx.ottl import user_agents
from otx.ottl.errors import ExecutionError
from otx.ottl.user_agents import describe, prepare


@pytest.mark.parametrize(
    ("agent", "name", "version", "system", "system_version"),
    [
        ("curl/7.81.0", "curl", "7.81.0", "Other", None),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) Version/17.1.2 Mobile/15E148 Safari/604.1",
            "Mobile Safari",
            "17.1.2",
            "iOS",
            "17.1.2",
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/117.0",
            "Firefox",
            "117.0",
            "Ubuntu",
            None,
        ),
        ("", "Other", "", "Other", None),
    ],
)
def test_described(
    agent: str, name: str, version: str, system: str, system_version: str | None
) -> None:
    found = describe(agent)
    assert found["user_agent.original"] == agent
    assert (found["user_agent.name"], found["user_agent.version"]) == (name, version)
    assert (found["os.name"], found.get("os.version")) == (system, system_version)


def test_loading_leaves_the_module_of_patterns_where_it_was() -> None:
    prepare()
    assert sys.modules["re2"] is re2


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    user_agents._extractors.cache_clear()
    monkeypatch.setitem(sys.modules, "ua_parser_rs", None)
    with pytest.raises(ExecutionError, match=r"pip install 'otx\[ottl\]'"):
        prepare()
    monkeypatch.undo()
    prepare()
