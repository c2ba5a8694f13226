"""What a test expects beside what came: every kind of expectation, met and missed."""

import pytest

from tests.ottl.unit_tests.helpers import problems, run

SPAN = """
statements:
  - set(span.name, "new") where span.kind == SPAN_KIND_SERVER
  - delete_key(span.attributes, "gone")
tests:
"""
CASES = [
    ("{input: {span: {kind: SERVER}}, changes: {span.name: new}}", []),
    ("{input: {span: {kind: CLIENT}}, changes: {}}", []),
    ("{input: {span: {attributes: {gone: 1}}}, changes: {'span.attributes[\"gone\"]': null}}", []),
    ("{input: {span: {kind: SERVER}}, expect: {span: {kind: SERVER, name: new}}}", []),
    (
        "{input: {span: {kind: SERVER, resource: {a: 1}}}, expect: {span: {kind: 2, name: new}}}",
        [],
    ),
    (
        "{input: {span: {kind: SERVER, resource: {a: 1}}}, "
        "expect: {span: {kind: 2, name: new, resource: {}}}}",
        ['span resource.attributes["a"]: expected nothing, got 1'],
    ),
    (
        "{input: {span: {kind: SERVER, name: old}}, changes: {}}",
        ['span "old" span.name: expected "old", got "new"'],
    ),
    (
        "{input: {spans: [{kind: SERVER}, {}]}, changes: {1: {span.name: new}}}",
        [
            'span 0 span.name: expected nothing, got "new"',
            'span 1 span.name: expected "new", got nothing',
        ],
    ),
    (
        "{input: {span: {attributes: {a: 1}}}, changes: {'span.attributes[\"a\"]': 1.0}}",
        ['span span.attributes["a"]: expected 1.0, got 1'],
    ),
    (
        "{input: {span: {}}, expect: {spans: []}}",
        ["span was added: expected nothing, got {}"],
    ),
    (
        "{input: {span: {kind: CLIENT}}, expect: {spans: [{name: a}, {kind: CLIENT}]}}",
        ['span "a" is missing: expected {"name": "a"}, got nothing'],
    ),
    (
        "{input: {span: {}}}",
        ["the test expects nothing: write changes: {} where nothing changes; --update fills it in"],
    ),
    ("{input: {span: {}}, dropped: [0]}", ["span was not dropped"]),
    ("{input: {span: {}}, dropped: 1}", ["1 should be dropped, not none"]),
    ("{input: {span: {}}, error: zero}", ["no failure says 'zero'"]),
]


@pytest.mark.parametrize(("test", "found"), CASES)
def test_differences_of_changes_and_records(test: str, found: list[str]) -> None:
    assert problems(f"{SPAN}  - {test}\n") == found


FILTER = """
filter:
  log_conditions: ['log.severity_number < SEVERITY_NUMBER_INFO']
tests:
"""
LOGS = "input: {logs: [{severity_number: DEBUG, body: a}, {severity_number: WARN, body: b}]}"


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("dropped: [0]", []),
        ("dropped: 1", []),
        ("expect: {log: {severity_number: WARN, body: b}}", []),
        ("dropped: [0], changes: {}", []),
        ("dropped: [1]", ['log 0 "a" was dropped', 'log 1 "b" was not dropped']),
        ("dropped: []", ['log 0 "a" was dropped']),
        ("changes: {}", ['log 0 "a" was dropped']),
        ("dropped: 2", ["2 should be dropped, not 1 (0)"]),
        (
            "dropped: [0], changes: {1: {log.body: c}}",
            ['log 1 "b" log.body: expected "c", got "b"'],
        ),
    ],
)
def test_drops_of_a_filter(test: str, found: list[str]) -> None:
    assert problems(f"{FILTER}  - {{{LOGS}, {test}}}\n") == found


FAILS = """
statements:
  - set(log.attributes["a"], 1 / log.attributes["b"])
  - set(log.attributes["c"], ParseJSON(log.body))
error_mode: {mode}
tests:
  - {{input: {{log: {{body: x, attributes: {{b: 0}}}}}}, {test}}}
"""


@pytest.mark.parametrize(
    ("mode", "test", "count"),
    [
        ("propagate", "error: by zero", 0),
        ("propagate", "changes: {}", 1),
        ("propagate", "error: spam", 2),
        ("ignore", "error: by zero", 1),
        ("ignore", "error: [by zero, JSON]", 0),
        ("ignore", "changes: {}", 2),
        ("silent", "changes: {}", 0),
        ("silent", "error: by zero", 0),
        ("silent", "error: spam", 1),
    ],
)
def test_failures_are_expected_or_silent_or_wrong(mode: str, test: str, count: int) -> None:
    assert len(problems(FAILS.format(mode=mode, test=test))) == count


def test_a_failure_is_told_with_its_statement_and_place() -> None:
    (result,) = run(FAILS.format(mode="propagate", test="changes: {}"))
    (problem,) = result.problems
    assert (problem.kind, problem.place) == ("failed", "a.test.yaml:3:5")
    assert problem.text == 'set(log.attributes["a"], 1 / log.attributes["b"])'


ROUTING = """
routing:
  default_pipelines: [logs/other]
  table:
    - {context: log, condition: 'attributes["region"] == "east"', pipelines: [logs/east]}
    - {context: request, condition: 'request["X-Tenant"] == "acme"', pipelines: [logs/acme]}
tests:
"""
REGIONS = "logs: [{attributes: {region: east}}, {attributes: {region: west}}]"


@pytest.mark.parametrize(
    ("test", "found"),
    [
        (f"input: {{{REGIONS}}}, routes: {{logs/east: [0], logs/other: [1]}}", []),
        (
            f"input: {{{REGIONS}, metadata: {{x-tenant: acme}}}}, "
            "routes: {logs/east: [0], logs/acme: [1]}",
            [],
        ),
        (
            f"input: {{{REGIONS}}}, routes: {{logs/east: [0, 1]}}",
            [
                "to logs/east: expected [0, 1], got [0]",
                "to logs/other: expected [], got [1]",
            ],
        ),
    ],
)
def test_routes_of_a_connector(test: str, found: list[str]) -> None:
    assert problems(f"{ROUTING}  - {{{test}}}\n") == found


def test_sampling_keeps_whole_traces() -> None:
    assert not problems(
        """
        tail_sampling:
          policies:
            - name: errors
              type: ottl_condition
              ottl_condition: {span: ['span.status.code == STATUS_CODE_ERROR']}
        tests:
          - input:
              spans:
                - {trace_id: 4bf92f3577b34da6a3ce929d0e0e4736, status: {code: ERROR}}
                - {trace_id: 4bf92f3577b34da6a3ce929d0e0e4736}
                - {trace_id: "00000000000000000000000000000001"}
            dropped: [2]
        """
    )


def test_doubles_that_are_near_are_equal_and_nan_is_nan() -> None:
    assert not problems(
        """
        statements:
          - set(log.attributes["s"], log.attributes["a"] + 0.2)
        tests:
          - input: {log: {attributes: {a: 0.1, n: .nan}}}
            changes: {'log.attributes["s"]': 0.3}
        """
    )


def test_added_metrics_are_for_whole_records_to_expect() -> None:
    text = """
        statements:
          - copy_metric("y") where metric.name == "x"
        tests:
          - input: {metric: {name: x, type: gauge, resource: {a: 1}}}
            EXPECTED
        """
    whole = "expect: {metrics: [{name: x, type: gauge}, {name: y, type: gauge}]}"
    assert not problems(text.replace("EXPECTED", whole))
    assert problems(text.replace("EXPECTED", "changes: {}")) == [
        'metric "y" was added: expected nothing, got {"name": "y", "type": "gauge"}'
    ]


def test_records_of_lists_of_other_lengths_are_told_by_what_is_equal() -> None:
    assert problems(
        FILTER + "  - {input: {logs: [{body: a}, {severity_number: WARN, body: b}]}, "
        "expect: {logs: [{body: x}, {severity_number: WARN, body: b}]}}\n"
    ) == ['log "x" is missing: expected {"body": "x"}, got nothing']


def test_copies_are_told_apart_by_the_pipelines_they_left() -> None:
    text = """\
    config:
      processors:
        transform: {log_statements: ['set(log.attributes["in"], true)']}
      connectors: {forward: }
      service:
        pipelines:
          logs/in: {processors: [transform], exporters: [forward]}
          logs/a: {receivers: [forward], exporters: [debug]}
          logs/b: {receivers: [forward], exporters: [debug]}
    tests:
      - {name: n, input: {log: {body: x}}, changes: {}}
    """
    (result,) = run(text)
    assert [one.record for one in result.problems] == ['log "x" in logs/a', 'log "x" in logs/b']
