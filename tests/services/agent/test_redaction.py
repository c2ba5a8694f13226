"""Secrets in configurations that are reported."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from otx.services.agent.redaction import HIDDEN, redacted, redacted_words

SECRET = "s3cr3t-Value"


@pytest.mark.parametrize(
    "text",
    [
        "exporters: {otlp: {headers: {X-Anything: s3cr3t-Value}}}",
        "exporters: {otlp: {headers: [{name: x, value: s3cr3t-Value}]}}",
        "password: s3cr3t-Value",
        "db_password: s3cr3t-Value",
        "a: {api_key: s3cr3t-Value, apiKey: s3cr3t-Value, access_key_id: s3cr3t-Value}",
        "bearertokenauth: {token: s3cr3t-Value}",
        "tokens: [s3cr3t-Value, s3cr3t-Value]",
        "client_secret: s3cr3t-Value",
        "auth: s3cr3t-Value",
        "credentials: {user: s3cr3t-Value}",
        "a: 'https://me:s3cr3t-Value@h/p'",
        "a: 'https://h/p?x=1&api_token=s3cr3t-Value'",
        "a: 'Bearer s3cr3t-Value'",
        "a: 'Basic s3cr3t-Value'",
        "key_pem: |\n  -----BEGIN PRIVATE KEY-----\n  s3cr3t-Value\n  -----END PRIVATE KEY-----\n",
        "x: |\n  -----BEGIN EC PRIVATE KEY-----\n  s3cr3t-Value\n",
        "x: &x {password: s3cr3t-Value}\ny: *x",
        "x: &x s3cr3t-Value\npassword: *x",
        "# password: s3cr3t-Value\npassword: s3cr3t-Value\n",
        "# was: Bearer s3cr3t-Value\na: 1\n",
        "[db]\npassword = s3cr3t-Value\n",
        "a: {\npassword: s3cr3t-Value, b: 1",
        "sas: s3cr3t-Value\ndsn: s3cr3t-Value\nconnection_string: s3cr3t-Value",
    ],
)
def test_secrets_go(text: str) -> None:
    shown = redacted(text.encode()).decode()
    assert SECRET not in shown
    assert HIDDEN in shown or "#" in text  # a comment goes as a whole


@pytest.mark.parametrize(
    "text",
    [
        "receivers: {otlp: {protocols: {grpc: {endpoint: 'localhost:4317'}}}}  # why\n",
        "headers: {content-type: text/plain}\n",
        "token: ${env:TOKEN}\n",
        "password: $PASSWORD\n",
        "tls: {key_file: /etc/key.pem, cert_file: /etc/cert.pem}\n",
        "auth: {authenticator: basicauth/client}\n",
        "batch: {timeout: 1e3}\n",
        "keys: [a, b]\n",
        "token: ''\n",
        "- 1\n",
        "",
    ],
)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert redacted(text.encode()) == text.encode()


@given(
    st.dictionaries(
        st.sampled_from(["password", "headers", "a", "token", "list"]),
        st.recursive(
            st.just(SECRET),
            lambda it: (
                st.lists(it, max_size=2)
                | st.dictionaries(st.sampled_from(["password", "b"]), it, max_size=2)
            ),
            max_leaves=5,
        ),
    )
)
def test_the_result_is_yaml_of_the_same_keys(document: dict[str, object]) -> None:
    shown = yaml.safe_load(redacted(yaml.safe_dump(document).encode()))
    assert keys(shown) == keys(document)


def keys(value: object) -> object:
    if isinstance(value, dict):
        return {key: keys(one) for key, one in value.items()}
    return [keys(one) for one in value] if isinstance(value, list) else None


@given(st.binary(max_size=200))
def test_any_bytes_are_shown_without_a_fault(text: bytes) -> None:
    assert isinstance(redacted(text), bytes)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("pw: abc7\n", "abc7"),
        ("github_pat: abc7\n", "abc7"),
        ("license: abc7\n", "abc7"),
        ('conn: "Server=x;User=u;Password=abc7;"\n', "abc7"),
        ('conn: "Endpoint=sb://h/;SharedAccessKey=abc7=;Entity=q"\n', "abc7"),
    ],
)
def test_short_names_and_connection_strings_are_hidden(text: str, secret: str) -> None:
    assert secret not in redacted(text.encode()).decode()


@pytest.mark.parametrize(
    "text", ["path: /a\npattern: x\n", "compat: x\n", "q: 'a where token == \"b\"'\n"]
)
def test_names_that_only_look_like_secrets_stay(text: str) -> None:
    assert redacted(text.encode()) == text.encode()


def test_the_words_of_a_process_lose_their_secrets_and_stay_readable() -> None:
    said = (
        "cannot login with password=hunter2 at https://u:pw@h/x\n"
        'Authorization: Bearer abc.def.ghi\n{"api_key": "zzz"}\nexit status 3'
    )
    shown = redacted_words(said)
    assert not [one for one in ("hunter2", "pw@", "abc.def", "zzz") if one in shown]
    assert shown.startswith("cannot login with password=")
    assert shown.endswith("exit status 3")
    assert redacted_words(shown) == shown


def test_words_of_others_cannot_drive_a_terminal() -> None:
    shown = redacted_words("nope\x1b[31m\tred\x9b1m\r\nnext\u202e")
    assert "".join(shown.split("\n")).isprintable()
    assert shown.count("\n") == 1
    assert "nope" in shown
    assert "next" in shown
