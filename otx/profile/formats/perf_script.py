"""The text of `perf script`: a head line a sample, then its frames, leaf first, then an empty line.

    python3  4242/4243 [001]  1234.567890:   10101010 cpu-clock:
            5581f0c2 main+0x12 (/usr/bin/shop)

What stackcollapse-perf.pl, FlameScope, the Firefox profiler and speedscope read. Times are of
perf's own clock and not of the day, so that only what lies between them is kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from otx.errors import UsageError
from otx.model.cells import without_controls
from otx.model.frame_names import base_name, frame_label, frame_of_label
from otx.model.profile import (
    ALLOC_SPACE,
    CPU,
    OFF_CPU,
    PAGE_FAULTS,
    SAMPLES,
    WALL,
    Label,
    Labels,
    Profile,
    StackSample,
    ValueType,
)
from otx.model.stack import Frame
from otx.model.units import NS_PER_S
from otx.profile.formats.reading import (
    MAX_SAMPLES,
    PROCESS,
    THREAD,
    Frames,
    Warn,
    bad_profile,
    join_root,
    mapping_of,
    split_root,
)

PID, TID = "process.pid", "thread.id"
HEAD = re.compile(
    r"\s*(?P<comm>\S.*?)\s+(?:(?P<pid>-?\d{1,10})/)?(?P<tid>-?\d{1,10})\s+(?:\[\d+\]\s+)?"
    r"(?P<s>\d{1,12})\.(?P<fraction>\d{1,9}):\s+(?:(?P<period>\d{1,19})\s+)?"
    r"(?P<event>[^\s(]+):(?P<rest>\s.*)?"
)
_ADDRESS = re.compile(r"[0-9a-f]{1,16}")
_OFFSET = re.compile(r"\+0x[0-9a-f]{1,16}$")
_MODIFIERS = re.compile(r":[ukhpGHPSDWeb]{1,8}$")
_MAX_HEAD = 4096
"""A longer line is no head: matching it would take time that grows with its square."""
_TRAMPOLINE = "py::"
"""What CPython's perf support puts before a function: py::NAME:FILE."""
_OF_OTX = (OFF_CPU, WALL, ALLOC_SPACE, PAGE_FAULTS)
"""Value types whose names say their units."""
_UNKNOWN, _DELETED = "[unknown]", " (deleted)"


def write_perf_script(profile: Profile) -> str:
    """A block for each time that a stack was seen, since what reads them counts blocks.

    Raises:
        UsageError: That would be more blocks than `MAX_SAMPLES`.
    """
    counted = profile.value_types.index(SAMPLES) if SAMPLES in profile.value_types else None
    kind = profile.period_type if profile.period_type in profile.value_types else None
    measured = profile.value_types.index(kind) if kind else profile.shown
    event = "_".join(profile.value_types[measured].name.split()) or "event"
    blocks = sum(sample.values[counted] for sample in profile.samples) if counted is not None else 0
    if blocks > MAX_SAMPLES:
        raise UsageError(
            f"perf script has a block a sample, and there are {blocks}",
            hint="--format folded or pprof counts equal ones",
        )
    written = []
    for sample in profile.samples:
        count = 1 if counted is None else max(0, sample.values[counted])
        period = max(0, sample.values[measured])
        if measured == counted:
            period = count
        if count:
            each, rest = divmod(period, count)
            head, below = _block(sample, profile)
            written.append(f"{head} {each + rest} {event}:\n{below}")
            written += [f"{head} {each} {event}:\n{below}"] * (count - 1)
    return "".join(written)


def _block(sample: StackSample, profile: Profile) -> tuple[str, str]:
    """What stands before a sample's period, and below its line."""
    frames, labels = split_root(sample.stack, sample.labels)
    said = {label.key: label.value for label in labels}
    comm = " ".join(str(said.get(PROCESS) or said.get(THREAD) or "").split()).lstrip("#")
    pid, tid = (value if isinstance(value := said.get(key), int) else 0 for key in (PID, TID))
    seconds, rest = divmod(max(0, profile.time_unix_nano + (sample.offset_ns or 0)), NS_PER_S)
    head = f"{comm or 'unknown'} {pid}/{tid or pid} {seconds}.{rest:09}:"
    return without_controls(head), "".join(map(_line, reversed(frames))) + "\n"


def _line(frame: Frame) -> str:
    name = frame.name
    if frame.kind == "python":
        name = frame_label(frame)
    name = " ".join(name.split()) or _UNKNOWN
    return without_controls(f"\t{0:16x} {name} ({mapping_of(frame) or _UNKNOWN})\n")


def read_perf_script(data: bytes, place: str, warn: Warn) -> Profile:
    """The samples of a text; a type for their count and one for each event's period.

    Raises:
        UsageError: A line is neither a head nor a frame; it is named.
    """
    blocks = list(_blocks(data, place))
    events = list(dict.fromkeys(it.event for it in blocks if it.period is not None))
    types = (SAMPLES, *map(_event_type, events))
    first_ns = min((block.time_ns for block in blocks), default=0)
    samples = []
    for block in blocks:
        values = [1, *[0] * len(events)]
        if block.period is not None:
            values[events.index(block.event) + 1] = block.period
        stack, labels = join_root(tuple(reversed(block.leaf_first)), block.labels)
        samples.append(StackSample(stack, tuple(values), labels, block.time_ns - first_ns))
    duration_ns = max((sample.offset_ns or 0 for sample in samples), default=0)
    # Of what otx writes the values count: how many blocks there are means nothing.
    shown = 1 if any(kind in _OF_OTX for kind in types) else 0
    return Profile(types, samples, shown=shown, duration_ns=duration_ns)


@dataclass(slots=True)
class _Block:
    labels: Labels
    time_ns: int
    event: str
    period: int | None
    leaf_first: list[Frame] = field(default_factory=list)


def _blocks(data: bytes, place: str) -> Iterator[_Block]:
    frames = Frames(place)
    known: dict[str, Frame] = {}
    block: _Block | None = None
    count = 0
    for number, raw in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        line = raw.rstrip()
        if not line or line.startswith("#"):
            if block is not None:
                yield block
            block = None
            continue
        if block is None:
            block, line = _head(line, f"{place}:{number}")
            count += 1
            if count > MAX_SAMPLES:
                raise bad_profile(f"{place}:{number}", f"more than {MAX_SAMPLES} samples")
        if line:
            frames.spend(1)
            frame = known.get(line)
            if frame is None:
                frame = known[line] = _frame(line, frames, f"{place}:{number}")
            block.leaf_first.append(frame)
    if block is not None:
        yield block


def _head(line: str, place: str) -> tuple[_Block, str]:
    """A head, and the frame that stands behind it where there is no stack."""
    found = HEAD.fullmatch(line) if len(line) <= _MAX_HEAD else None
    if found is None:
        raise bad_profile(
            place,
            f"{line.strip()[:60]!r} begins no sample of perf",
            "write it with: perf script -F comm,pid,tid,time,period,event,ip,sym,dso",
        )
    ids = [(PID, found["pid"]), (TID, found["tid"])]
    labels = [Label(key, int(text)) for key, text in ids if text and int(text) >= 0]
    time_ns = int(found["s"]) * NS_PER_S + int(found["fraction"].ljust(9, "0"))
    event = _MODIFIERS.sub("", found["event"])
    period = None if found["period"] is None else int(found["period"])
    head = _Block((Label(PROCESS, found["comm"]), *labels), time_ns, event, period)
    return head, (found["rest"] or "").strip()


def _frame(line: str, frames: Frames, place: str) -> Frame:
    address, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    file = ""
    if rest.endswith(")"):
        name, opened, file = rest.removesuffix(_DELETED + ")").removesuffix(")").rpartition(" (")
        rest = name if opened else rest
    if not _ADDRESS.fullmatch(address) or not rest:
        raise bad_profile(place, f"{line.strip()[:60]!r} is no frame of perf")
    if file == _UNKNOWN:
        file = ""
    name = _OFFSET.sub("", rest)
    if name == _UNKNOWN:
        return _unnamed(file, int(address, 16), frames)
    if name.startswith(_TRAMPOLINE) and (parts := name[len(_TRAMPOLINE) :].rpartition(":"))[0]:
        return frames.at(parts[0], parts[2], 0, "")
    named = frame_of_label(name)
    if named.kind == "python" and not file:
        return frames.at(named.name, named.file, named.line, "")
    return frames.at(name, "", 0, "" if file == "inlined" else file)


def _unnamed(file: str, address: int, frames: Frames) -> Frame:
    """An address without a symbol, by the object alone unless perf says the place in it."""
    base = base_name(file).strip("[]")
    object_name, plus, inside = base.rpartition("+0x")
    if plus and _ADDRESS.fullmatch(inside):
        return frames.at("", "", 0, object_name, int(inside, 16))
    if base:
        return frames.at(f"[{base}]", "", 0, file)
    return frames.at(_UNKNOWN, "", 0, "")


def _event_type(event: str) -> ValueType:
    if event in ("cpu-clock", CPU.name):
        return CPU
    for kind in _OF_OTX:
        if event == kind.name:
            return kind
    return ValueType(event, CPU.unit if event.endswith("clock") else SAMPLES.unit)


def is_head(line: str) -> bool:
    """Whether a line begins a sample of perf."""
    return len(line) <= _MAX_HEAD and HEAD.fullmatch(line.rstrip()) is not None
