"""otx's own parts: from a configuration to commands, and what is refused."""

from pathlib import Path

import pytest
import yaml

from otx.errors import UsageError
from otx.services.agent.health import Check
from otx.services.agent.parts import OTX, TRANSFORM, read_plan


def test_a_receiver_is_a_command_line(tmp_path: Path) -> None:
    text = b"receive: {grpc: '127.0.0.1:1', http: '0.0.0.0:2', store: /s, retain: [1h, 1GiB]}"
    plan = read_plan(text, tmp_path)
    assert plan.words == (
        *OTX, "receive", "--print", "none", "--grpc", "127.0.0.1:1", "--http", "0.0.0.0:2",
        "--store", "/s", "--retain", "1h", "--retain", "1GiB",
    )  # fmt: skip
    assert plan.check == Check("127.0.0.1", 2, "*", method="OPTIONS")


def test_rules_go_into_a_file(tmp_path: Path) -> None:
    rules = {"transform/x": {"trace_statements": ['set(span.name, "x")']}}
    plan = read_plan(yaml.safe_dump({"receive": {"transform": rules}}).encode(), tmp_path)
    plan.write(tmp_path)
    assert plan.words[-2:] == ("--transform", str(tmp_path / TRANSFORM))
    assert yaml.safe_load((tmp_path / TRANSFORM).read_text()) == rules
    assert plan.has_transform


def test_a_plan_says_whether_ottl_is_loaded(tmp_path: Path) -> None:
    assert read_plan(b"receive: {transform: rules.yaml}", tmp_path).has_transform
    assert not read_plan(b"receive: {}", tmp_path).has_transform


def test_a_profile_recurs(tmp_path: Path) -> None:
    text = b"profile: [{every: 10m, duration: 30s, all: true, export: 'http://h:4318'}]"
    (one,) = read_plan(text, tmp_path).recurring
    assert one.every_s == 600
    assert one.words == (
        *OTX, "profile", "--duration", "30s", "--all", "--export", "http://h:4318",
    )  # fmt: skip


@pytest.mark.parametrize("text", [None, b"", b"{}"])
def test_nothing_is_run_where_nothing_is_asked_for(text: bytes | None, tmp_path: Path) -> None:
    plan = read_plan(text, tmp_path)
    assert (plan.words, plan.recurring) == ((), [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "no YAML"),
        ("- 1", "is no map"),
        ("receiv: {}", "no part 'receiv'"),
        ("receive: 1", "receive is no map"),
        ("receive: {port: 1}", "receive has no 'port'"),
        ("receive: {http: '--store=/x'}", "begins with a dash"),
        ("receive: {http: [1]}", "is no text"),
        ("receive: {transform: [1]}", "receive.transform is no map"),
        ("profile: [{duration: 1s}]", "needs `every`"),
        ("profile: [{every: soon, store: s}]", "no duration"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        read_plan(text.encode(), tmp_path)
