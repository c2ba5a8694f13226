"""Every rule is told apart, explained, and says where it comes from."""

import re

from otx.tracing.error_rules import ERROR_RULES
from otx.tracing.patterns.catalog import PATTERN_RULES
from otx.tracing.rules import FINDING_RULES


def test_rules_are_explained_and_named_once() -> None:
    assert len(FINDING_RULES) == len(ERROR_RULES) + len(PATTERN_RULES) + 1
    for name, rule in FINDING_RULES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert rule.why
        assert rule.source
        assert rule.sentence.endswith(".")
