"""Samples divided by span: what was counted is kept, whatever there is room for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.profile import Label
from otx.model.stack import Frame, ProfileStats, Sample
from otx.profile.formats import write_profile
from otx.profile.formats.opening import open_profile
from otx.profile.formats.profile import sampled_profile
from otx.services.span_counts import SpanCounts
from otx.services.stack_counts import StackCounts, merge_threads

PERIOD = 10**9 // 99


def sample(function: str, span: int, value: int = 1) -> Sample:
    ids = (f"{1:032x}", f"{span:016x}") if span else ("", "")
    return Sample(10**18, 7, 8, "shop", (Frame(function, "native"),), value, *ids)


def test_each_span_has_its_samples_and_the_rest_has_none() -> None:
    taken = [sample("a", 1), sample("a", 1), sample("a", 2), sample("a", 0), sample("b", 2)]
    counts, spans = StackCounts(), SpanCounts("process")
    counts.add(taken)
    spans.add(taken)
    profile = spans.label(sampled_profile(merge_threads(counts.total), ProfileStats(), 99, 1))
    found = {
        (it.stack[1].name, tuple(label.value for label in it.labels)): it.values
        for it in profile.samples
    }
    trace, one, two = f"{1:032x}", f"{1:016x}", f"{2:016x}"
    assert found == {
        ("a", (trace, one)): (2, 2 * PERIOD),
        ("a", (trace, two)): (1, PERIOD),
        ("a", ()): (1, PERIOD),
        ("b", (trace, two)): (1, PERIOD),
    }
    assert Label("span_id", two) in profile.samples[1].labels
    assert (spans.linked, spans.left_out) == (4, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.integers(1, 9))),
    st.integers(0, 5),
)
def test_counts_stay_what_they_are(taken: list[tuple[str, int, int]], limit: int) -> None:
    samples = [sample(*one) for one in taken]
    counts, spans = StackCounts(), SpanCounts("process", limit)
    counts.add(samples)
    spans.add(samples)
    profile = sampled_profile(merge_threads(counts.total), ProfileStats(), 99, 1)
    labelled = spans.label(profile)
    assert labelled.counts() == profile.counts()
    assert all(value > 0 for one in labelled.samples for value in one.values)
    linked = sum(one.values[0] for one in labelled.samples if one.labels)
    assert linked == spans.linked - spans.left_out


@pytest.mark.parametrize("form", ["pprof", "otlp", "otlp-json", "json"])
def test_forms_with_labels_or_links_keep_the_span(form: str) -> None:
    taken = [sample("a", 1), sample("a", 0)]
    counts, spans = StackCounts(), SpanCounts("process")
    counts.add(taken)
    spans.add(taken)
    whole = sampled_profile(merge_threads(counts.total), ProfileStats(), 99, 1)
    data = write_profile(spans.label(whole), form)
    read = open_profile(data, "x", print).profile
    ids = [
        {it.key: it.value for it in one.labels if it.key.endswith("_id")} for one in read.samples
    ]
    assert sorted(ids, key=len) == [{}, {"trace_id": f"{1:032x}", "span_id": f"{1:016x}"}]
