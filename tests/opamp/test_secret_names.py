"""Which names stand before secrets."""

import pytest

from otx.opamp import document
from otx.opamp.secret_names import is_secret_name


@pytest.mark.parametrize(
    "name",
    [
        "password", "db.password", "PASSWD", "passphrase", "pass", "client_secret", "token",
        "bearer_token", "api_key", "api-key", "apikey", "x-api-key", "access.key", "private_key",
        "Authorization", "authorisation", "auth", "cookie", "Set-Cookie", "credentials", "dsn",
        "license_key", "connection_string", "key_pem", "sas", "pw", "db_pw", "encryption_key",
    ],
)  # fmt: skip
def test_what_stands_behind_these_is_hidden(name: str) -> None:
    assert is_secret_name(name)
    assert document.is_secret_name is is_secret_name


@pytest.mark.parametrize(
    "name",
    [
        "endpoint", "service.name", "host.name", "key", "primary_key", "token_file",
        "password_file", "token_url", "auth_type", "api_key_header", "author",
        "passive", "bypass_proxy",
        "path", "pattern", "cert_file",
    ],
)  # fmt: skip
def test_these_are_shown(name: str) -> None:
    assert not is_secret_name(name)
