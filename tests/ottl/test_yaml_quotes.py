"""OTTL in the single quotes of a Collector's YAML."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.literals import quote
from otx.ottl.yaml_quotes import yaml_text


@given(st.text())
def test_yaml_reads_what_was_written_with_dollars_twice(text: str) -> None:
    written = quote(text.encode(errors="replace").decode())
    assert yaml.safe_load(yaml_text(written)) == written.replace("$", "$$")
