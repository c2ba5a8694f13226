"""Pages and pictures are told by their first tag."""

import pytest

from otx.profile.formats.markup import markup_of


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"<svg xmlns='x'>", "svg"),
        (b"<svg>", "svg"),
        (b"<html>", "html"),
        (b"<!doctype html>", "html"),
        (b"<!DOCTYPE HTML PUBLIC '-//W3C'>", "html"),
        (b'\r\n <?xml version="1.0"?>\n<!-- a > b -->\n<!DOCTYPE svg PUBLIC "x">\n<svg\n', "svg"),
        (b"<!-- saved from url=x -->\n<html lang='en'>", "html"),
        (b"<svgs>", ""),
        (b"<module> (x.py) 3", ""),
        (b"</script><script>alert(1)</script>;f 3", ""),
        (b"<!-- <svg>", ""),
        (b"<?xml", ""),
        (b"<?xml version='1.0'?><gpx>", ""),
        (b"x <svg>", ""),
        (b"", ""),
    ],
)
def test_the_first_tag_says_it(head: bytes, form: str) -> None:
    assert markup_of(head) == form
