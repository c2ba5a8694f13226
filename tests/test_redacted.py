"""What is shown of a value has all its words but the secret ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.redacted import REDACTED, names_alone, without_header_values, without_users

secrets = st.text("abcXYZ019%:;!$&'()*+-._~=@", min_size=1).map(lambda text: f"s3{text}t")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("http://collector:4318/v1?a=b@c", "http://collector:4318/v1?a=b@c"),
        ("https://me:pass@host:1/p", f"https://{REDACTED}@host:1/p"),
        ("http://a,https://token@b", f"http://a,https://{REDACTED}@b"),
        ("git@host:a", "git@host:a"),
        ("me:pass@host:4317", f"{REDACTED}@host:4317"),
        ("a:4317,me:p=ss@b:4317 ca=x", f"{REDACTED}@b:4317 ca=x"),  # a comma may be the password's
        ("unix:/run/me@host", "unix:/run/me@host"),
    ],
)
def test_users_of_urls(text: str, shown: str) -> None:
    assert without_users(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a:4317", "a:4317"),
        (
            "https://a header=api-key=SECRET ca=ca.pem,b:4317 header=x=1 compression=gzip",
            f"https://a header=api-key={REDACTED} ca=ca.pem,"
            f"b:4317 header=x={REDACTED} compression=gzip",
        ),
        ("https://me@a header=x=", f"https://{REDACTED}@a header=x="),
    ],
)
def test_headers_of_destinations(text: str, shown: str) -> None:
    assert without_header_values(text) == shown


@given(secrets)
def test_no_secret_is_left(secret: str) -> None:
    assert secret not in without_users(f"https://{secret}@host/")
    assert secret not in without_header_values(f"https://host header=api-key={secret} ca=x")
    assert secret not in names_alone(f"api-key={secret},b=1")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("a=1,b=2=3", f"a={REDACTED},b={REDACTED}"),
        ("cookie=x,rest", f"cookie={REDACTED},{REDACTED}"),
    ],
)
def test_names_stay(text: str, shown: str) -> None:
    assert names_alone(text) == shown
