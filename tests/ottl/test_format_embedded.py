"""Configurations that stand as texts in resources, formatted where they stand."""

import pytest

from otx.ottl.format_file import format_file
from otx.ottl.formatted import Formatted

HEAD = "kind: OpenTelemetryCollector\nspec:\n"
BLOCK = """\
  config: |  # all of it

    # how it is masked
    processors:
      transform:
        trace_statements:
          - set(span.name,"a")  # why
          - &two set(span.name,  "b")
          - *two

          - >-
            set(span.kind,
              2)
  mode: sidecar
"""
FORMATTED = """\
  config: |  # all of it

    # how it is masked
    processors:
      transform:
        trace_statements:
          - set(span.name, "a")  # why
          - &two set(span.name, "b")
          - *two

          - >-
            set(span.kind, 2)
  mode: sidecar
"""
FLOW = "transform: {trace_statements: ['set(span.name,1)']}"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_block_keeps_all_but_the_space_of_its_ottl(newline: str) -> None:
    source, wanted = ((HEAD + one).replace("\n", newline) for one in (BLOCK, FORMATTED))
    assert format_file(source, "c.yaml") == Formatted(wanted, [])
    assert format_file(wanted, "c.yaml") == Formatted(wanted, [])


@pytest.mark.parametrize(
    "config", [f'  config: "{FLOW}"\n', f"  config: >\n    {FLOW}\n", f"  config:\n    {FLOW!r}\n"]
)
def test_what_is_no_literal_block_is_left_and_told(config: str) -> None:
    done = format_file(HEAD + config, "c.yaml")
    assert done.text == HEAD + config
    ((line, reason),) = done.left
    assert line in (3, 4)
    assert reason.endswith("write config: |")
    well = HEAD + config.replace("name,1", "name, 1")
    assert format_file(well, "c.yaml") == Formatted(well, [])
