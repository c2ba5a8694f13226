"""A trace as a tree on the left and a waterfall on the right, a row a span."""

from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from otx.model.cells import fit, shorten, width_of
from otx.model.telemetry import Span
from otx.model.units import format_duration
from otx.tracing.tree import TraceTree
from otx.tui.time_axis import Axis, draw_bar, ticks
from otx.tui.waterfall_rows import WaterfallRow, ids_to_touch, matching_rows, waterfall_rows
from otx.tui.widgets.line_list import BAR, LineList, Piece

_LABEL_SHARE = 0.4
_LEAST_LABEL = 20
_MOST_LABEL = 56
_NAME_CELLS = 16
"""Cells that a label keeps for names; deeper levels than that leaves stand where the last does."""
_MOST_NARROWING = 10


class Waterfall(LineList):
    """The spans of one trace."""

    HEAD_ROWS = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "fold(False)", "Unfold, or go in", id="waterfall.unfold"),
        Binding("left,h", "fold(True)", "Fold, or go out", id="waterfall.fold"),
        Binding("right_square_bracket", "fold_all(False)", "Unfold all", id="waterfall.unfold-all"),
        Binding("left_square_bracket", "fold_all(True)", "Fold all", id="waterfall.fold-all"),
        Binding("n", "walk(1)", "Next failed or lit span", id="waterfall.next"),
        Binding("N", "walk(-1)", "Failed or lit span before", id="waterfall.before"),
        Binding("m", "only_matches", "Only spans that match the search", id="waterfall.matches"),
        Binding("plus,equals_sign", "narrow(1)", "Narrow the time scale", id="waterfall.narrow"),
        Binding("minus", "narrow(-1)", "Widen the time scale", id="waterfall.widen"),
    ]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "details"),
        ("h l", "fold"),
        ("[ ]", "all"),
        ("n N", "next"),
        ("m", "matches"),
        ("c", "critical"),
        ("{ }", "causes"),
        ("f", "flame"),
        ("+ -", "scale"),
        ("L", "logs"),
        ("P", "profile"),
        ("esc", "back"),
        ("tab", "pane"),
        ("y", "copy"),
        ("z", "zoom"),
    )
    HELP = (
        "One row a span; ✗ failed, ◆ an event, ×12 twelve equal calls in a row."
        " A dim row waits for a parent that has not arrived. c lights the critical path, { what"
        " happened before the chosen span, } what after it: • marks what is lit and n N walk it."
        " ▓ marks spans that match the search."
    )

    def __init__(self) -> None:
        super().__init__()
        self.following = False
        self._tree: TraceTree | None = None
        self._touched: frozenset[Hashable] = frozenset()
        self._rows: Sequence[WaterfallRow] = ()
        self._narrowing = 0
        self._path: Sequence[str] = ()
        self._lit: frozenset[str] = frozenset()
        self._matching: frozenset[str] = frozenset()
        self._only_matches = False

    def light(self, spans: Sequence[str]) -> None:
        """Mark spans by their ids and let `n` walk them."""
        self._path = spans
        self._lit = frozenset(self._path)
        self.refresh()

    def show(self, tree: TraceTree | None, is_other: bool, matching: frozenset[str]) -> None:
        """Show this trace; `is_other` where it is not the one before with more spans."""
        self._tree = tree
        self._matching = matching
        self._only_matches = self._only_matches and bool(matching)
        if is_other:
            self._touched = frozenset()
            self._narrowing = 0
            self.chosen = None
            self.scroll_to(y=0, animate=False, force=True)
        self._arrange()
        if self._rows and self.chosen_index is None and not self._is_folded_away(self.chosen):
            # Nothing was chosen, or what stood in for a parent that has arrived.
            self.chosen = self._rows[0].id

    def _is_folded_away(self, chosen: Hashable) -> bool:
        return any(row.is_folded and _holds(row, str(chosen)) for row in self._rows)

    @property
    def row(self) -> WaterfallRow | None:
        """The chosen row."""
        index = self.chosen_index
        return None if index is None else self._rows[index]

    def choose_span(self, span_id: str) -> None:
        """Choose a span, unfolding what hides it."""
        if span_id not in self._index and self._only_matches:
            self._only_matches = False
            self._arrange()
        if span_id not in self._index:
            hiding = [row.id for row in self._rows if row.is_folded and _holds(row, span_id)]
            self._touched ^= frozenset(hiding)
            self._arrange()
        if span_id in self._index:
            self.choose(span_id)

    def draw_head(self, row: int, width: int) -> Iterable[Piece]:
        """The time scale."""
        axis = self._axis(width)
        labels = []
        if self._tree is not None:
            for part in range(5):
                time = axis.start + axis.length * part // 4
                labels.append((time, format_duration(time - self._tree.start_unix_nano)))
        labels = [(time, "0" if text == "0 ns" else text) for time, text in labels]
        yield fit(" span", width - axis.cells), "head"
        yield ticks(axis, labels), "head"

    def draw_row(self, index: int, width: int) -> Iterable[Piece]:
        """One span, event or missing parent."""
        row = self._rows[index]
        axis = self._axis(width + 1)
        cells = width - axis.cells - self._sign_cells
        indent = "  " * min(row.depth, max((cells - _NAME_CELLS) // 2, 1))
        fold = ("▸ " if row.is_folded else "▾ ") if row.can_fold else "  "
        stem = f"{indent}{fold}"
        if row.span is None:
            yield fit(f"{stem}… waiting for parent {row.node.waiting_for[:8]}", width), "dim"
        elif row.event is not None:
            yield from self._event(row, indent, axis, cells)
        else:
            yield from self._span(row, row.span, stem, axis, cells)

    def _span(
        self, row: WaterfallRow, span: Span, stem: str, axis: Axis, cells: int
    ) -> Iterable[Piece]:
        ink = self.service_ink(span.service)
        tail = f"  ×{len(row.run)}" if row.run else "  ↺ circle cut" if row.node.cut_cycle else ""
        service = shorten(span.service, max(cells - width_of(stem) - 6, 4))
        room = cells - width_of(stem) - width_of(service) - 1 - width_of(tail)
        is_dim = bool(self._lit) and not self._is_one_of(row, self._lit)
        yield stem, ""
        yield service, "dim" if is_dim else ink
        name = fit(f" {shorten(span.name, room)}{tail}", cells - width_of(stem + service))
        yield name, "dim" if is_dim else "strong" if self._lit else ""
        if self._matching:
            yield ("▓" if self._is_one_of(row, self._matching) else " "), "accent"
        yield ("•" if self._lit and not is_dim else " "), "accent"
        yield ("✗" if row.failed else " "), "error"
        spans = [node.span for node in row.run if node.span] or [span]
        start = min(one.start_unix_nano for one in spans)
        end = max(one.end_unix_nano for one in spans)
        events = [event.time_unix_nano for event in span.events] if not row.run else []
        for part in draw_bar(axis, start, max(end, start), events):
            bar = f"{BAR}{ink} reversed" if part.is_reversed else f"{BAR}{ink}"
            if is_dim and part.is_bar:
                yield "░" * len(part.text), f"{BAR}{ink}"
            else:
                yield part.text, bar if part.is_bar else ""

    @property
    def _sign_cells(self) -> int:
        """Cells between name and bar: on the path, failed, and with a search matching."""
        return 3 if self._matching else 2

    def _is_one_of(self, row: WaterfallRow, ids: frozenset[str]) -> bool:
        spans = [node.span for node in row.run or (row.node,) if node.span is not None]
        return any(span.span_id in ids for span in spans)

    def _event(self, row: WaterfallRow, indent: str, axis: Axis, cells: int) -> Iterable[Piece]:
        event = row.event
        if event is None:
            return
        what = event.attributes.get("exception.type", "")
        yield fit(f"{indent}  · {event.name} {what}", cells + self._sign_cells), "dim"
        for part in draw_bar(axis, event.time_unix_nano, event.time_unix_nano):
            yield (part.text if not part.is_bar else "◆" * len(part.text)), "error"

    def action_fold(self, fold: bool) -> None:
        """Fold or unfold the row; where there is nothing to do, go to its parent or first child."""
        row, index = self.row, self.chosen_index
        if row is None or index is None:
            return
        if row.can_fold and row.is_folded != fold:
            self._touched ^= {row.id}
            self._arrange()
        elif fold:
            above = [one for one in self._rows[:index] if one.depth < row.depth]
            if above:
                self.choose(above[-1].id)
        elif row.can_fold:
            self.action_move(1)

    def action_fold_all(self, fold: bool) -> None:
        """Fold or unfold every row."""
        if self._tree is None:
            return
        everything = waterfall_rows(self._tree, ids_to_touch(self._all_rows(), False))
        self._touched = ids_to_touch(everything, fold)
        self._arrange()
        if self.chosen_index is None and self._rows:
            self.choose(self._rows[0].id)

    def action_walk(self, step: int) -> None:
        """Choose the next failed span, or that of the lit path, coming round at the end."""
        if self._lit:
            self._walk_lit(step)
            return
        failed = [i for i, row in enumerate(self._rows) if row.failed and row.event is None]
        if not failed:
            self.notify("no span that is shown failed; c lights the critical path")
            return
        here = self.chosen_index or 0
        later = [i for i in failed if i > here] if step > 0 else [i for i in failed if i < here]
        wanted = (later or failed)[0 if step > 0 else -1]
        self.choose(self._rows[wanted].id)

    def _walk_lit(self, step: int) -> None:
        ids = self._path
        row = self.row
        here = row.span.span_id if row is not None and row.span is not None else ""
        if here in ids:
            self.choose_span(ids[(ids.index(here) + step) % len(ids)])
        else:
            self.choose_span(ids[0 if step > 0 else -1])

    def action_only_matches(self) -> None:
        """Show only the spans that match the search, or all again."""
        if not self._matching:
            self.notify("no span of this trace is searched for; / searches")
            return
        self._only_matches = not self._only_matches
        self._arrange()
        if self.chosen_index is None and self._rows:
            self.choose(self._rows[0].id)

    def action_narrow(self, step: int) -> None:
        """Halve or double the time that the scale covers, round the chosen row."""
        self._narrowing = min(max(self._narrowing + step, 0), _MOST_NARROWING)
        self.refresh()

    def _all_rows(self) -> list[WaterfallRow]:
        return waterfall_rows(self._tree, frozenset()) if self._tree else []

    def _arrange(self) -> None:
        if self._tree is None:
            self._rows = []
        elif self._only_matches:
            self._rows = matching_rows(self._tree, self._matching)
        else:
            self._rows = waterfall_rows(self._tree, self._touched)
        self.set_ids([row.id for row in self._rows])

    def _axis(self, width: int) -> Axis:
        label = min(max(int(width * _LABEL_SHARE), _LEAST_LABEL), _MOST_LABEL)
        cells = max(width - label - 1, 1)
        if self._tree is None:
            return Axis(0, 0, cells)
        start, length = self._tree.start_unix_nano, max(self._tree.duration_ns, 1)
        row = self.row
        if self._narrowing and row is not None and row.span is not None:
            part = max(length >> self._narrowing, 1)
            middle = (row.span.start_unix_nano + row.span.end_unix_nano) // 2
            last = start + length - part
            return Axis(min(max(middle - part // 2, start), last), part, cells)
        return Axis(start, length, cells)


def _holds(row: WaterfallRow, span_id: str) -> bool:
    """Whether a folded row hides a span."""
    waiting = list(row.run or row.node.children)
    while waiting:
        node = waiting.pop()
        if node.span is not None and node.span.span_id == span_id:
            return True
        waiting.extend(node.children)
    return False
