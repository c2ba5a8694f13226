"""What an editor is told of a file."""

import pytest

from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.language_service import Completion, LanguageService, Position, Range

CONFIG = """\
processors:
  transform:
    trace_statements:
      - context: span
        conditions:
          - kind == SPAN_KIND_SERVER
        statements:
          - "set(attributes[\\"ä\\"], Len(name))"
          - |
            replace_pattern(name, "/[0-9]+",
              "/{id}")
  filter:
    logs:
      log_record:
        - 'IsMatch(body, "x")'
"""


def service(source: str, name: str = "c.yaml") -> LanguageService:
    return LanguageService(source, name, FunctionSet(gates=switched("")))


def marked(source: str) -> tuple[str, Position]:
    """A text without its `§`, and where that stood."""
    index = source.index("§")
    before = source[:index]
    return source.replace("§", ""), Position(before.count("\n"), index - before.rfind("\n") - 1)


def completed(source: str, name: str = "c.yaml") -> list[Completion]:
    text, position = marked(source)
    return service(text, name).completions(position)


def hovered(source: str, name: str = "c.yaml") -> tuple[str, str]:
    """The word and what it means."""
    text, position = marked(source)
    found = service(text, name).hover(position)
    assert found is not None
    start, end = found.range.start, found.range.end
    assert start.line == end.line
    return text.splitlines()[start.line][start.column : end.column], found.text


def faults(source: str, name: str = "c.yaml") -> list[tuple[str, str]]:
    """What is pointed at, and the message."""
    found = []
    for one in service(source, name).diagnostics({}):
        assert one.range.start < one.range.end
        line = source.splitlines()[one.range.start.line]
        found.append((line[one.range.start.column : one.range.end.column], one.message))
    return found


def test_a_file_without_faults_has_none() -> None:
    assert faults(CONFIG) == []
    assert faults('set(span.name, "a")\n', "x.ottl") == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("Len(name)", "Lenn(name)", ("Lenn", "undefined function 'Lenn'\nhint: did you mean Len?")),
        ("replace_pattern(name", "replace_pattern(nam", ("nam", "'nam' is no path of the context")),
        ("kind ==", "kind =", ("=", "condition has invalid syntax")),
        ("IsMatch(body", "IsMatch(span.name", ("span", "no path of the context log")),
        ("context: span", "context: log", ("l", "'log' is none of")),
        ("conditions:", "condition:", ("condition", "there is no key 'condition'")),
        ("      log_record:", "      log_record: [", ("- 'IsMatch", "no YAML")),
    ],
)
def test_faults_are_pointed_at(before: str, after: str, fault: tuple[str, str]) -> None:
    found = faults(CONFIG.replace(before, after))
    assert any(fault[1] in message for _, message in found), found
    assert found[0][0].startswith(fault[0]), found


def test_faults_of_a_plain_file_are_pointed_at() -> None:
    assert faults("# x\nset(span.name,\n  spam.name)\n", "x.ottl")[0][0] == "spam"


def test_what_is_hardly_meant_is_a_warning() -> None:
    source = CONFIG.replace("kind == SPAN_KIND_SERVER", 'trace_id == "4bf9"')
    (found,) = service(source).diagnostics({})
    assert found.severity == "warning"
    assert "an id never equals" in found.message


@pytest.mark.parametrize("source", ["", "a: 1\n", "- 1\n- {a: b}\n", "# nothing\n", "text"])
def test_yaml_without_ottl_is_left_alone(source: str) -> None:
    assert faults(source) == []


def test_a_text_of_another_kind_is_left_alone() -> None:
    assert faults("set up the collector (later)\n", "notes.txt") == []
    assert completed("set§", "notes.txt") == []


def test_a_place_is_completed_with_what_it_stands_in_for() -> None:
    found, *_ = completed(CONFIG.replace("Len(name)", "Len(na§me)"))
    assert (found.text, found.candidate.kind) == ("name", "path")
    assert found.range == Range(Position(7, 40), Position(7, 42))


def test_a_statement_begins_with_editors_of_its_component() -> None:
    source = CONFIG.replace('"set(attributes[\\"ä\\"], Len(name))"', "§")
    assert {one.candidate.kind for one in completed(source)} == {"editor"}
    assert "convert_sum_to_gauge(" not in [one.text for one in completed(source)]


def test_a_condition_begins_with_paths_of_its_context() -> None:
    labels = [one.text for one in completed(CONFIG.replace("'IsMatch(body, \"x\")'", "§"))]
    assert {"body", "severity_number", "IsMatch("} <= set(labels)
    assert "set(" not in labels


def test_a_setting_is_completed() -> None:
    found = completed(CONFIG.replace("context: span", "context: s§"))
    assert [one.text for one in found] == ["resource", "scope", "span", "spanevent"]
    assert found[0].range == Range(Position(3, 17), Position(3, 18))


def test_text_in_double_quotes_is_completed_as_it_is_quoted() -> None:
    source = 'log_statements:\n  - "replace_all_patterns(log.attributes, \\"§'
    assert [one.text for one in completed(source)] == ['key\\"', 'value\\"']


def test_nothing_is_completed_elsewhere() -> None:
    assert completed("a: b§\n") == []
    assert completed("# §\n" + CONFIG) == []


@pytest.mark.parametrize(
    ("before", "after", "word", "about"),
    [
        ("replace_p", "replace_§p", "replace_pattern", "```ottl\nreplace_pattern(target, "),
        ("kind ==", "ki§nd ==", "kind", "kind: int"),
        ("SPAN_KIND", "SPAN_§KIND", "SPAN_KIND_SERVER", "SPAN_KIND_SERVER = 2"),
        ("Len(", "Le§n(", "Len", "Len(target)"),
        ("body,", "bo§dy,", "body", "path of log"),
    ],
)
def test_a_word_is_explained(before: str, after: str, word: str, about: str) -> None:
    found = hovered(CONFIG.replace(before, after))
    assert found[0] == word
    assert about in found[1]


def test_nothing_is_explained_elsewhere() -> None:
    for source in (CONFIG.replace("context: span", "context: s§pan"), "§", "a: b§"):
        text, position = marked(source)
        assert service(text).hover(position) is None


def test_places_behind_the_end_are_no_fault() -> None:
    for position in (Position(99, 0), Position(0, 999)):
        assert service(CONFIG).completions(position) == []
        assert service(CONFIG).hover(position) is None
