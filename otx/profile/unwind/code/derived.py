"""Functions as an unwind table tells of them, of code that has next to no unwind entries.

musl, the C library of Alpine, is built without any, and each stack of a program that uses it goes
through it: it starts threads, waits, and copies. Of 100 000 instructions that takes half a second,
once: the table is kept like any other.
"""

from collections.abc import Iterator, Sequence
from heapq import merge
from operator import attrgetter

from otx.profile.elf import EhFrame, ElfFile
from otx.profile.errors import UnreadableError
from otx.profile.unwind.code.beginnings import beginnings, code_extent, is_fixed, words_of_data
from otx.profile.unwind.code.effects import Base
from otx.profile.unwind.code.flow import Flow
from otx.profile.unwind.code.text import Found, Text
from otx.profile.unwind.eh_frame import EhFrameReader, Function
from otx.profile.unwind.instructions import Row, State, StateFields
from otx.profile.unwind.rules import ENTRY, BpKind, CfaKind

_OUT_OF_SIGNAL = bytes.fromhex("90 48c7c00f000000 0f05")
"""NOP; MOV rax, SYS_rt_sigreturn; SYSCALL."""
_KINDS = {Base.SP: CfaKind.SP, Base.BP: CfaKind.BP}
_SAME, _LOST = (BpKind.SAME, 0), (BpKind.LOST, 0)
_ROOT = State(CfaKind.SP, 0, _SAME, CfaKind.END)
_ENTRY = State(ENTRY.cfa, ENTRY.cfa_offset, (ENTRY.bp, ENTRY.bp_offset), None)
_PLAIN = State(ENTRY.cfa, ENTRY.cfa_offset, _SAME, None)
_UNKNOWN = State(CfaKind.SP, 0, _LOST, CfaKind.OTHER)


def functions_in_steps(elf: ElfFile, table: EhFrame | None) -> Iterator[Function | None]:
    """The functions of an object, lowest first, those of its entries and what lies between.

    None so many times before that a step takes 5 to 10 ms.

    Raises:
        UnreadableError: The file is cut or inconsistent.
    """
    known = [_marked(it) for it in EhFrameReader(table).functions() if it] if table else []
    text = _text_of(elf)
    flow = Flow(text)
    yield from flow.follow()
    known = sorted([*known, *_ways_out_of_signals(text)], key=attrgetter("start"))
    yield from merge(known, runs(flow, known), key=attrgetter("start"))


def _marked(function: Function) -> Function:
    """A function of an entry, with its beginning told as that of others is."""
    rows = function.rows
    if rows and rows[0] == (0, _PLAIN):
        goes_on = [(1, _PLAIN)] if len(rows) == 1 or rows[1][0] > 1 else []
        rows[:1] = [(0, _ENTRY), *goes_on]
    return function


def _text_of(elf: ElfFile) -> Text:
    extent = code_extent(elf)
    code = elf.at(extent.start, len(extent)) if extent else b""
    if extent is None or not code:
        raise UnreadableError("no code")
    if not is_fixed(elf):
        return Text(extent.start, code, beginnings(elf), elf.at)
    words = [it for it in words_of_data(elf) if it in extent]
    return Text(extent.start, code, beginnings(elf), elf.at, words, is_fixed=True)


def _ways_out_of_signals(text: Text) -> Iterator[Function]:
    """Where signal handlers return to. Debuggers know it by its bytes too.

    A walk looks for a return address one byte before, where C libraries have a NOP.
    """
    at = text.code.find(_OUT_OF_SIGNAL)
    while at >= 0:
        start = text.start + at
        yield Function(start, start + len(_OUT_OF_SIGNAL), [(0, _UNKNOWN)], is_signal_frame=True)
        at = text.code.find(_OUT_OF_SIGNAL, at + len(_OUT_OF_SIGNAL))


def runs(flow: Flow, known: Sequence[Function]) -> Iterator[Function]:
    """Stretches of instructions that follow each other, without those that have an entry."""
    left = list(reversed(known))
    start = end = 0
    rows: list[Row] = []
    for it in flow.marks.found():
        while left and left[-1].end <= it.address:
            left.pop()
        if left and left[-1].start <= it.address:
            continue
        if rows and it.address != end:
            yield Function(start, end, rows, is_signal_frame=False)
            rows = []
        if not rows:
            start = it.address
        fields = _ENTRY if it.address in flow.entries else _fields(it, flow)
        if not rows or rows[-1][1] != fields:
            rows.append((it.address - start, fields))
        end = it.end
    if rows:
        yield Function(start, end, rows, is_signal_frame=False)


def _fields(it: Found, flow: Flow) -> StateFields:
    state = it.state
    if state.base is Base.ROOT:
        return _UNKNOWN if it.function in flow.false_roots else _ROOT
    if state.base is Base.NONE:
        return _UNKNOWN
    bp = (BpKind.AT_CFA, -state.saved_bp) if state.saved_bp else _SAME
    return State(_KINDS[state.base], state.depth, bp, None)
