"""What the Traces screen shows of a span's code, from the samples in the store."""

from dataclasses import replace
from pathlib import Path

from otx.tracing.span_samples import SpanCode, StoredSample
from otx.tui.open_trace import open_trace, with_code
from otx.tui.widgets.details import Section
from otx.tui.widgets.span_detail import span_sections
from tests.tracing.test_span_sample_rows import MS, TRACE, fill, sample


def texts(section: Section) -> list[str]:
    return ["".join(text for text, _ in line) for line in section.lines]


def test_an_opened_trace_has_the_code_of_its_spans(tmp_path: Path) -> None:
    own = f"{1:016x}"
    taken = [sample(10, "said", trace=TRACE, span=own), sample(30, "guessed", pid=17)]
    store = fill(tmp_path, taken)
    trace = with_code(open_trace(TRACE, store.trace(TRACE), ()), store)
    assert {key: one.how for key, one in trace.code.items()} == {
        own: "published",
        f"{2:016x}": "inferred",
    }
    assert with_code(trace, store) is trace


def test_a_span_shows_its_functions_and_stacks_and_what_is_inferred(tmp_path: Path) -> None:
    store = fill(tmp_path, [])
    trace = open_trace(TRACE, store.trace(TRACE), ())
    node = trace.tree.roots[0]
    assert node.span is not None
    code = SpanCode()
    for function in "aab":
        taken = StoredSample(5, 10 * MS, ("main", function), 7, 8)
        code.add(taken, "published")
    without = span_sections(node.span, node, trace.tree, None, "")
    assert "code" not in {section.title for section in without}
    section = span_sections(node.span, node, trace.tree, None, "", code)[1]
    assert (section.title, section.note) == ("code", "(30.0 ms of processor time)")
    assert texts(section) == ["  67 % a", "  33 % b", "  67 % a ← main", "  33 % b ← main"]
    guessed = span_sections(node.span, node, trace.tree, None, "", replace(code, how="inferred"))
    assert guessed[1].note.endswith("inferred from thread and time)")
