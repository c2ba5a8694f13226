"""Files as objects of a configuration, and signed ones as documents."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.environment import Environment
from otx.errors import UsageError
from otx.opamp.server.configuration import config_map, objects_document, read_objects
from otx.opamp.signing import (
    SIGNATURE,
    key_name,
    new_private_key,
    public_key,
    public_pem,
    signatures,
    why_untrusted,
)
from otx.services.opamp_push.objects import Parcel, read_parcel, sign_parcel

NAMES = st.text(max_size=8).filter(lambda name: name != SIGNATURE)


def objects(parcel: Parcel) -> dict[str, tuple[bytes, str]]:
    return {name: (one.body, one.content_type) for name, one in parcel.config.config_map.items()}


def test_one_file_is_the_object_without_a_name_and_several_have_theirs(
    environment: Environment,
) -> None:
    folder = environment.cwd / "etc"
    folder.mkdir()
    (folder / "a.yaml").write_text("a: 1\n")
    (folder / "b.json").write_text("{}")
    (environment.cwd / "k=v.txt").write_text("plain")
    one = read_parcel(environment, ["etc/a.yaml"])
    assert objects(one) == {"": (b"a: 1\n", "text/yaml")}
    assert one.name == "a.yaml"
    assert objects(read_parcel(environment, ["etc/a.yaml"], key="k"))["k"][0] == b"a: 1\n"
    several = read_parcel(environment, ["etc/a.yaml", "x=etc/b.json", "=k=v.txt"])
    assert objects(several) == {
        "a.yaml": (b"a: 1\n", "text/yaml"),
        "x": (b"{}", "application/json"),
        "": (b"plain", "text/plain"),
    }
    assert several.name == "a.yaml+b.json+k=v.txt"
    assert objects(read_parcel(environment, ["k=v.txt"])) == {"": (b"plain", "text/plain")}


@pytest.mark.parametrize(
    ("files", "key", "message"),
    [
        (["a.yaml", "sub/a.yaml"], None, "two objects are called 'a.yaml'"),
        (["a.yaml", "x=a.yaml"], "k", "--key names the object of one FILE"),
        (["x=a.yaml"], "k", "--key names the object of one FILE"),
        (["a.yaml", "-"], None, "stdin has no name"),
        ([f"{SIGNATURE}=a.yaml"], None, "is the name of signatures"),
        (["nothing.yaml"], None, "cannot read nothing.yaml"),
        (["x=-", "y=-"], None, "stdin can be read once"),
        (["x="], None, "x= names no file"),
        (["latin.yaml"], None, r"latin\.yaml: error: no YAML: unacceptable character #x00e9"),
        (["x=nothing.yaml"], None, "cannot read nothing.yaml"),
        (["bad.yaml"], None, r"bad\.yaml:2:1: error"),
    ],
)
def test_what_is_no_configuration_is_told(
    files: list[str], key: str | None, message: str, environment: Environment
) -> None:
    (environment.cwd / "sub").mkdir()
    for name in ("a.yaml", "sub/a.yaml"):
        (environment.cwd / name).write_text("a: 1\n")
    (environment.cwd / "bad.yaml").write_text("a: [\n")
    (environment.cwd / "latin.yaml").write_bytes(b"a: \xe9\n")
    with pytest.raises(UsageError, match=message):
        read_parcel(environment, files, key=key)


def test_yaml_has_to_be_yaml_unless_it_is_called_otherwise(environment: Environment) -> None:
    (environment.cwd / "bad.yaml").write_text("a: [\n")
    (environment.cwd / "bad.txt").write_text("a: [\n")
    assert objects(read_parcel(environment, ["bad.txt"]))[""][1] == "text/plain"
    assert objects(read_parcel(environment, ["bad.yaml"], "text/plain"))[""][1] == "text/plain"


def test_what_is_signed_is_read_as_it_was_signed(environment: Environment) -> None:
    (environment.cwd / "a.yaml").write_text("a: 1\n")
    (environment.cwd / "b.bin").write_bytes(b"\xff\x00")
    first, second = new_private_key(), new_private_key()
    parcel = read_parcel(environment, ["a.yaml", "b.bin"])
    sign_parcel(parcel, [first])
    kept = environment.cwd / "signed.json"
    kept.write_text(json.dumps(parcel.document()))
    again = read_parcel(environment, ["signed.json"])
    assert again == parcel
    sign_parcel(again, [second])
    assert [name for name, _ in signatures(again.config)] == [key_name(first), key_name(second)]
    for key in (first, second):
        assert why_untrusted(again.config, [public_key(public_pem(key))]) == ""
    for message, arguments in (
        ("pushed as it is", {"files": ["signed.json"], "key": "k"}),
        ("pushed as it is", {"files": ["signed.json"], "content_type": "text/yaml"}),
        ("goes alone", {"files": ["signed.json", "a.yaml"]}),
    ):
        with pytest.raises(UsageError, match=message):
            read_parcel(environment, **arguments)


@given(st.dictionaries(NAMES, st.tuples(st.binary(max_size=20), st.text(max_size=8)), min_size=1))
def test_objects_survive_their_document(files: dict[str, tuple[bytes, str]]) -> None:
    config = config_map(files)
    assert read_objects(json.loads(json.dumps(objects_document(config)))) == config


@given(st.binary(max_size=60))
def test_any_bytes_are_a_file_or_an_error(body: bytes) -> None:
    import io

    here = Environment(
        stdin=io.BytesIO(body),
        stdout=None,  # type: ignore[arg-type]
        stderr=None,  # type: ignore[arg-type]
        variables={},
        clock=lambda: 0,
        cwd=Path("/nowhere"),
    )
    try:
        parcel = read_parcel(here, ["-"], "text/plain")
    except UsageError:
        return
    assert objects(parcel)[""][0] == body


@pytest.mark.parametrize(
    "text",
    [
        '{"objects": {"otx.signature": 1}}',
        '{"objects": {"otx.signature": {"body": "x"}, "a": {}}}',
        '{"objects": {"otx.signature": {"body": "\\ud800"}}}',
        '{"objects": {"otx.signature": {"body": "no line of it"}}}',
    ],
)
def test_a_signed_document_that_is_damaged_is_told(text: str, environment: Environment) -> None:
    (environment.cwd / "s.json").write_text(text)
    with pytest.raises(UsageError, match=r"object|signature"):
        read_parcel(environment, ["s.json"])
