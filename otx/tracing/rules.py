"""All rules by which something is said of one trace, by id."""

from otx.tracing import what_if
from otx.tracing.error_rules import ERROR_RULES
from otx.tracing.finding import FindingRule
from otx.tracing.patterns.catalog import PATTERN_RULES

FINDING_RULES: dict[str, FindingRule] = {
    rule.id: rule for rule in (*ERROR_RULES, *PATTERN_RULES, what_if.RULE)
}
"""What `--why` and the documentation explain."""
