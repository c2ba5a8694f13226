"""Profiles for round trips: any stacks, values, labels and times that a form can say."""

from dataclasses import replace

from hypothesis import strategies as st

from otx.model.profile import CPU, SAMPLES, Label, Profile, StackSample, ValueType
from otx.model.stack import Frame, Stack

SHOP = Frame("shop", "process")
MAIN = Frame("<module>", "python", "/srv/shop.py", 12, "shop.py")
HOT = Frame("std::sort", "native", module="libshop.so")
READ = Frame("vfs_read", "kernel", module="kernel")
EXAMPLE = Profile(
    (SAMPLES, CPU),
    [
        StackSample((SHOP, MAIN, HOT), (3, 30), (Label("thread.id", 7),)),
        StackSample((SHOP, MAIN, READ), (1, 10)),
    ],
    time_unix_nano=1_790_000_000_000_000_000,
    duration_ns=10**9,
    period=10,
    period_type=CPU,
)

_WORDS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029"),
    min_size=1,
    max_size=12,
)
NAMES = _WORDS.filter(lambda name: not name.endswith("_[k]"))
OBJECTS = st.from_regex(r"[a-z]{1,6}\.so(\.[0-9])?", fullmatch=True)
FILES = st.from_regex(r"(/[a-z]{1,5}){0,2}/[a-z]{1,6}\.py", fullmatch=True)
VALUES = st.integers(0, 1 << 50)


@st.composite
def python_frames(draw: st.DrawFn) -> Frame:
    file = draw(FILES)
    line = draw(st.integers(0, 10**6))
    return Frame(draw(NAMES), "python", file, line, file.rpartition("/")[2])


FRAMES = st.one_of(
    python_frames(),
    st.builds(lambda name, module: Frame(name, "native", module=module), NAMES, OBJECTS),
    st.builds(lambda name: Frame(name, "kernel", module="kernel"), NAMES),
    st.builds(lambda name: Frame(name, "jit"), NAMES),
)
ROOTS = st.one_of(
    st.just(()),
    st.builds(lambda name: (Frame(name, "process"),), NAMES),
    st.builds(lambda name: (Frame(name, "thread"),), NAMES),
)
STACKS = st.builds(lambda root, frames: root + tuple(frames), ROOTS, st.lists(FRAMES, max_size=6))
LABELS = st.dictionaries(
    st.from_regex(r"(process|thread|app)\.[a-d]{1,3}", fullmatch=True),
    st.one_of(_WORDS, st.integers(-(1 << 62), 1 << 62)),
    max_size=3,
).map(lambda pairs: tuple(Label(key, value) for key, value in sorted(pairs.items())))
TYPES = st.sampled_from(
    [(SAMPLES,), (SAMPLES, CPU), (ValueType("alloc_space", "bytes"), ValueType("inuse", "bytes"))]
)


@st.composite
def profiles(draw: st.DrawFn, *, labels: bool = True, times: bool = False) -> Profile:
    """A profile whose samples differ in stack, labels or time."""
    types = draw(TYPES)
    values = st.tuples(*[VALUES] * len(types))
    samples = [
        StackSample(
            draw(STACKS),
            draw(values),
            draw(LABELS) if labels else (),
            draw(st.integers(0, 10**9)) if times else None,
        )
        for _ in range(draw(st.integers(1, 5)))
    ]
    return Profile(
        types,
        merged(samples),
        time_unix_nano=1_790_000_000_000_000_000,
        duration_ns=2 * 10**9,
        period=10_101_010,
        period_type=CPU,
    )


def merged(samples: list[StackSample]) -> list[StackSample]:
    """Samples of one stack, labels and time together."""
    found: dict[object, StackSample] = {}
    for sample in samples:
        key = sample.stack, sample.labels, sample.offset_ns
        other = found.get(key)
        values = sample.values
        if other is not None:
            values = tuple(map(sum, zip(values, other.values, strict=True)))
        found[key] = replace(sample, values=values)
    return list(found.values())


def content(profile: Profile) -> dict[tuple[object, ...], dict[str, int]]:
    """What a profile says, whatever the order of its samples, labels and types."""
    return {
        (sample.stack, frozenset(sample.labels), sample.offset_ns): {
            str(kind): value
            for kind, value in zip(profile.value_types, sample.values, strict=True)
            if value
        }
        for sample in profile.samples
        if any(sample.values)
    }


def deep(depth: int) -> Stack:
    return tuple(Frame(f"f{number % 7}", "native") for number in range(depth))
