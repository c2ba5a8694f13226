"""The page: one file, and nobody's names are its code. How it behaves: tests/e2e."""

import base64
import json
import re
import zlib
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from otx.flame.html import Panel, html_page
from otx.flame.picture_tree import picture_tree
from otx.model.stack import Frame

NAMES = st.text(min_size=1) | st.sampled_from(
    ["</script><script>alert(1)</script>", "<!--", "]]>", "@DATA@", "\x00\x1b", "&lt;"]
)


class Tags(HTMLParser):
    """Counts tags."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.started.append(tag)


def page_of(name: str) -> str:
    tree = picture_tree({(Frame(name, "native"),): 1})
    return html_page([Panel(tree)], name, name, "count")


def tags(page: str) -> list[str]:
    parser = Tags()
    parser.feed(page)
    return parser.started


@given(NAMES)
def test_a_name_changes_nothing_but_data(name: str) -> None:
    page = page_of(name)
    assert tags(page) == tags(page_of("f"))
    found = re.search(r'id="data">"([A-Za-z0-9+/=]+)"</script>', page)
    assert found is not None
    data = json.loads(zlib.decompress(base64.b64decode(found[1])))
    (tree,) = data["trees"]
    assert [name] == [it[0] for it in tree["names"][1:]]
    assert tree["depths"] == [0, 1]


def test_nothing_outside_is_named() -> None:
    page = page_of("f")
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page
