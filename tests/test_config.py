"""Settings: which source wins, and what a broken file says."""

import dataclasses
from pathlib import Path

import pytest

from otx.config import SETTINGS, Config
from otx.environment import Environment
from otx.errors import UsageError
from tests.conftest import RunCli


def user_file(environment: Environment, text: str) -> Path:
    path = environment.config_dir / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_each_source_beats_the_weaker_ones(environment: Environment, tmp_path: Path) -> None:
    key = "receive.grpc"
    value = Config(environment).get(key)
    assert (value.text, value.origin) == ("127.0.0.1:4317", "default")

    path = user_file(environment, '[receive]\ngrpc = "user:1"\n')
    value = Config(environment).get(key)
    assert (value.text, value.origin) == ("user:1", str(path))

    (tmp_path / "otx.toml").write_text('[receive]\ngrpc = "project:1"\n')
    value = Config(environment).get(key)
    assert (value.text, value.origin) == ("project:1", str(tmp_path / "otx.toml"))

    variables = {**environment.variables, "OTX_RECEIVE_GRPC": "variable:1"}
    with_variable = Config(dataclasses.replace(environment, variables=variables))
    value = with_variable.get(key)
    assert (value.text, value.origin) == ("variable:1", "environment OTX_RECEIVE_GRPC")

    value = with_variable.get(key, "flag:1")
    assert (value.text, value.origin) == ("flag:1", "flag")


def test_an_empty_variable_counts_as_unset(environment: Environment) -> None:
    world = dataclasses.replace(environment, variables={"OTX_STORE": "", "HOME": "/h"})
    assert Config(world).store_dir() == Path("/h/.local/state/otx/store")


@pytest.mark.parametrize("below", ["", "below", "far/below"])
def test_a_store_that_is_a_file_or_below_one_is_refused(
    environment: Environment, tmp_path: Path, below: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UsageError, match="file is a file, no directory"):
        Config(environment).store_dir(str(file / below))
    assert Config(environment).store_dir(str(tmp_path / below)) == tmp_path / below


def test_a_store_at_a_url_is_refused(environment: Environment) -> None:
    with pytest.raises(UsageError, match="is no directory"):
        Config(environment).store_dir("clickhouse://host:9000/otel")


def test_the_sdk_variable_is_read(environment: Environment) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}
    world = dataclasses.replace(environment, variables=variables)
    assert Config(world).get("send.endpoint").text == "http://c:4318"


def test_numbers_and_booleans_become_text(environment: Environment) -> None:
    user_file(environment, "[profile]\nfrequency = 49\nx = true\n")
    ((_, values),) = Config(environment).files()
    assert values == {"profile.frequency": "49", "profile.x": "true"}


@pytest.mark.parametrize("text", ["[receive", "a = ", "\xff"])
def test_a_broken_file_is_named(environment: Environment, text: str) -> None:
    path = user_file(environment, "")
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=r"config\.toml"):
        Config(environment).get("store")


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("OTX_RECEIVE_FORWARD", "https://a header=api-key=S3CRET,b:4317"),
        ("OTX_AGENT_HEADERS", "authorization=Bearer S3CRET"),
        ("OTX_AGENT_SERVER", "wss://me:S3CRET@fleet/v1/opamp"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://S3CRET@collector:4318"),
    ],
)
@pytest.mark.parametrize("form", ["table", "jsonl", "csv"])
def test_no_secret_is_shown(run_cli: RunCli, variable: str, text: str, form: str) -> None:
    done = run_cli("config", "show", "--format", form, variables={variable: text})
    assert done.returncode == 0
    assert "S3CRET" not in done.stdout
    assert "[redacted]" in done.stdout
    assert f"environment {variable}" in done.stdout


def test_every_setting_says_what_it_is() -> None:
    for key, setting in SETTINGS.items():
        assert setting.key == key
        assert setting.help
        if setting.default:
            setting.check(setting.default)
