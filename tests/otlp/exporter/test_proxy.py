"""Which proxy a URL is reached through."""

import pytest

from otx.otlp.exporter.proxy import proxy_for


@pytest.mark.parametrize(
    ("url", "variables", "expected"),
    [
        ("http://c/v1/traces", {}, ("", "")),
        ("http://c/", {"http_proxy": "http://p:1"}, ("http://p:1", "http_proxy")),
        ("http://c/", {"http_proxy": "p:1"}, ("http://p:1", "http_proxy")),
        ("http://c/", {"HTTP_PROXY": "http://p:1"}, ("", "")),
        ("http://c/", {"https_proxy": "http://p:1"}, ("", "")),
        ("https://c/", {"HTTPS_PROXY": "http://p:1"}, ("http://p:1", "HTTPS_PROXY")),
        ("https://c/", {"ALL_PROXY": "http://p:1"}, ("http://p:1", "ALL_PROXY")),
        ("http://c/", {"http_proxy": "http://p:1", "no_proxy": "a,c"}, ("", "")),
        ("http://x.c:4318/", {"http_proxy": "http://p:1", "NO_PROXY": ".c"}, ("", "")),
        ("http://xc/", {"http_proxy": "http://p:1", "no_proxy": "c"}, ("http://p:1", "http_proxy")),
        ("http://c/", {"http_proxy": "http://p:1", "no_proxy": "*"}, ("", "")),
    ],
)
def test_the_rules_are_those_of_curl(
    url: str, variables: dict[str, str], expected: tuple[str, str]
) -> None:
    assert proxy_for(url, variables) == expected
