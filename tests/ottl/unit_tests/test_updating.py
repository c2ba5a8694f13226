"""`--update`: what a failing test comes to expect, and what of its file stays."""

import textwrap

import pytest

from otx.ottl.unit_tests.results import run_tests
from otx.ottl.unit_tests.updating import Update, updated_source
from tests.ottl.unit_tests.helpers import read

STATEMENTS = """\
# what is tested
statements:
  - set(span.name, "new") where span.kind == SPAN_KIND_SERVER
  - delete_key(span.attributes, "gone")
  - set(span.attributes["card"], "****") where span.attributes["card"] != nil

tests: # of it
"""
FILTER = """\
filter:
  log_conditions: ['log.severity_number < SEVERITY_NUMBER_INFO']
tests:
"""


def update(head: str, test: str) -> Update:
    file = read(head + textwrap.indent(textwrap.dedent(test), "  "))
    return updated_source(file, run_tests(file, clock=lambda: 0))


CASES = [
    (
        "a wrong value, its neighbours and its comments",
        STATEMENTS,
        """\
        - name: a # first
          input:
            span: {kind: SERVER, attributes: {card: "4111", gone: 1}}
          # what should come
          changes:
            span.name: nwe # the name
            span.attributes["card"]: "****" # the card
            span.attributes["gone"]: null # gone
        - name: b
          input: {span: {}}
          changes: {}
        """,
        [("span.name: nwe #", "span.name: new #")],
    ),
    (
        "a change that is missing and one that is too many",
        STATEMENTS,
        """\
        - input: {span: {kind: SERVER, name: old, attributes: {a: 1}}}
          changes:
            span.attributes["a"]: 2 # too many
            span.kind: SPAN_KIND_SERVER # right as it is
        """,
        [
            ('      span.attributes["a"]: 2 # too many\n', ""),
            ("# right as it is\n", "# right as it is\n      span.name: new\n"),
        ],
    ),
    (
        "nothing said and something changes",
        STATEMENTS,
        """\
        - input: {span: {kind: SERVER, attributes: {gone: 1, card: 4111 1111 1111 1111}}}
        - input: {span: {}}
        """,
        [
            (
                "1111}}}\n",
                '1111}}}\n    changes:\n      span.attributes["gone"]: null\n'
                "      span.attributes[\"card\"]: '****'\n      span.name: new\n",
            ),
            ("- input: {span: {}}\n", "- input: {span: {}}\n    changes: {}\n"),
        ],
    ),
    (
        "a list of changes",
        STATEMENTS,
        """\
        - input: {spans: [{kind: SERVER}, {}, {attributes: {gone: 1}}]}
          changes:
            - span.name: nwe
            - {}
        """,
        [("span.name: nwe", "span.name: new"),
            ("- {}\n", '- {}\n      - span.attributes["gone"]: null\n')],
    ),
    (
        "changes by position",
        STATEMENTS,
        """\
        - input: {spans: [{}, {}, {kind: SERVER}, {}]}
          changes:
            1: {span.name: new} # not this one
        """,
        [("1: {span.name: new} # not this one\n", "2: {span.name: new} # not this one\n")],
    ),
    (
        "whole records, whose right fields stay as they are written",
        STATEMENTS,
        """\
        - input: {span: {kind: SERVER, attributes: {a: 1}, resource: {service.name: web}}}
          expect:
            span:
              # as a server names it
              kind: SPAN_KIND_SERVER # in full
              name: nwe # to be
              attributes: {a: 1}
        """,
        [("name: nwe", "name: new")],
    ),
    (
        "which records are dropped",
        FILTER,
        """\
        - input: {logs: [{severity_number: DEBUG}, {severity_number: WARN}]}
          dropped: [1] # this
        - input: {logs: [{severity_number: DEBUG}]}
          dropped: 0 # so many
        - input: {logs: [{severity_number: DEBUG}]}
          changes: {} # all stay
        """,
        [
            ("[1] # this", "[0] # this"),
            ("0 # so many", "1 # so many"),
            ("changes: {} # all stay\n", "changes: {} # all stay\n    dropped: [0]\n"),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "test", "replaced"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_only_what_is_wrong_is_rewritten(
    head: str, test: str, replaced: list[tuple[str, str]]
) -> None:
    before = head + textwrap.indent(textwrap.dedent(test), "  ")
    wanted = before
    for old, new in replaced:
        assert wanted.count(old) == 1
        wanted = wanted.replace(old, new)
    made = update(head, test)
    assert made.source == wanted
    assert made.remarks == []
    assert all(one.passed for one in run_tests(read(made.source), clock=lambda: 0))


def test_routes_are_rewritten() -> None:
    made = update(
        "routing:\n"
        "  default_pipelines: [logs/other]\n"
        "  table: [{context: log, condition: 'body == \"a\"', pipelines: [logs/a]}]\n"
        "tests:\n",
        """\
        - input: {logs: [{body: a}, {body: b}]}
          routes: {logs/a: [1]}
        - input: {log: {body: a}}
        """,
    )
    assert "routes: {logs/a: [0], logs/other: [1]}" in made.source
    assert "    routes:\n      logs/a: [0]\n" in made.source


def test_whole_records_come_and_go() -> None:
    head = 'statements:\n  - copy_metric("y") where metric.name == "x"\ntests:\n'
    made = update(
        head,
        """\
        - input: {metric: {name: x, type: gauge, resource: {a: 1}}}
          expect:
            metric: {name: x, type: gauge}
        """,
    )
    assert "      metrics: [{name: x, type: gauge}, {name: y, type: gauge}]\n" in made.source
    assert all(one.passed for one in run_tests(read(made.source), clock=lambda: 0))


@pytest.mark.parametrize(
    ("statement", "test", "remark"),
    [
        ("set(log.body, 1 / 0)", "changes: {}", "is for people to say"),
        ("set(log.body, 1)", "changes: {}, error: spam", "is for people to say"),
        ("set(log.body, nil)", "changes: {}", ""),
        ('set(log.attributes["a"], nil)', "changes: {}", ""),
        (
            "set(log.body, 1)",
            "expect: {otlp: {resourceLogs: []}}",
            "whole records under otlp are for people to write",
        ),
    ],
)
def test_what_cannot_be_written_down_is_told(statement: str, test: str, remark: str) -> None:
    head = f"statements: ['{statement}']\ntests:\n"
    made = update(head, f"- {{name: x, input: {{log: {{body: a}}}}, {test}}}\n")
    assert (remark == "") is (made.remarks == [])
    assert all(remark in one for one in made.remarks)


def test_a_test_that_says_nothing_comes_to_expect_records_that_were_added() -> None:
    made = update(
        'statements: [\'copy_metric("y") where metric.name == "x"\']\ntests:\n',
        "- {name: x, input: {metric: {name: x, type: gauge, resource: {a: 1}}}}\n",
    )
    assert made.source.endswith(
        "resource: {a: 1}}}, expect: {metrics: [{name: x, type: gauge}, {name: y, type: gauge}]}}\n"
    )


def test_a_record_that_was_added_is_for_expect() -> None:
    made = update(
        'statements: [\'copy_metric("y") where metric.name == "x"\']\ntests:\n',
        "- {name: x, input: {metric: {name: x, type: gauge}}, changes: {}}\n",
    )
    assert made.remarks == ["'x' was not updated: a record was added, which only expect can say"]


COPIES = """\
config:
  processors:
    transform/a: {log_statements: ['set(log.attributes["a"], true)']}
    transform/b: {log_statements: ['set(log.attributes["b"], true)']}
  connectors: {forward: }
  service:
    pipelines:
      logs/in: {receivers: [otlp], exporters: [forward]}
      logs/a: {receivers: [forward], processors: [transform/a], exporters: [debug]}
      logs/b: {receivers: [forward], processors: [transform/b], exporters: [debug]}
tests:
"""


@pytest.mark.parametrize(
    "test",
    [
        "- {name: n, input: {log: {body: x}}, changes: {}}\n",
        "- {name: n, changes: {}, input: {log: {body: x}}}\n",
        "- name: n\n  changes: {} # nothing\n  # the record\n  input: {log: {body: x}}\n",
        "- changes:\n    log.body: y\n  input: {log: {body: x}} # behind\n",
        "- name: n\n  input: {log: {body: x}}\n  changes:\n    log.body: y\n",
        "- name: n\n  input: {log: {body: x}}\n",
        "- name: n\n  input: {log: {body: x}}\n  routes: {}\n",
    ],
)
def test_copies_that_differ_are_expected_whole(test: str) -> None:
    made = update(COPIES, test).source
    assert "changes" not in made
    assert [one for one in ("# the record", "# behind") if one in test and one not in made] == []
    (result,) = run_tests(read(made), clock=lambda: 0)
    assert result.problems == []
    assert [one.short["log"]["attributes"] for one in result.test.expectation.records or ()] == [
        {"a": True},
        {"b": True},
    ]


def test_copies_that_are_alike_need_no_more_than_changes() -> None:
    made = update(
        COPIES.replace('attributes["b"]', 'attributes["a"]'),
        "- {name: n, input: {log: {body: x}}, changes: {}}\n",
    )
    assert "changes: {'log.attributes[\"a\"]': true}}" in made.source
