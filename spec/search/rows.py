"""What is searched, and what a search finds: the rows that a test reproduces, number by number."""

from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from spec.search import agentloop, cfgsync, configloop, connsettings, identity, throttle
from spec.search.explore import Model

MODULES: dict[str, ModuleType] = {
    "CfgSync": cfgsync,
    "ConnSettings": connsettings,
    "Identity": identity,
    "Throttle": throttle,
}
"""By the names that they have in TLA+."""
SEARCHES = {**MODULES, "ConfigLoop": configloop, "AgentLoop": agentloop}
"""The last two run the table of `otx agent` itself; the module of ConfigLoop is made from it."""
_CALM: dict[str, Any] = {"drops": 0, "crashes": 0, "restarts": 0}
_BASE = cfgsync.BASE
_CONN = connsettings.BASE


@dataclass(frozen=True)
class Row:
    """One search.

    Attributes:
        module: One of `SEARCHES`.
        variant: Its bounds and faults.
        states, transitions: How many there are.
        faults: What does not hold; () where everything does.
    """

    module: str
    number: str
    variant: Any
    states: int
    transitions: int
    faults: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How a person picks it."""
        return f"{self.module} {self.number}"

    @property
    def model(self) -> Model[Any]:
        """What is searched."""
        found: Model[Any] = SEARCHES[self.module].model(self.variant)
        return found

    @property
    def is_long(self) -> bool:
        """Whether it is for `make test-long`."""
        return self.transitions > 35_000


def _cfgsync(
    name: str, variant: cfgsync.Variant, states: int, transitions: int, *faults: str
) -> Row:
    return Row("CfgSync", name, variant, states, transitions, faults)


def _mutant(number: str, **bounds: Any) -> cfgsync.Variant:
    (variant,) = (v for name, v in cfgsync.MUTANTS.items() if name.split()[0] == number)
    return replace(variant, **bounds)


def _connsettings(
    name: str, variant: connsettings.Variant, states: int, transitions: int, *faults: str
) -> Row:
    return Row("ConnSettings", name, variant, states, transitions, faults)


def rows() -> list[Row]:
    """Every row, those of one module together."""
    return [
        *_base_rows(),
        *_mutant_rows(),
        *_small_rows(),
        *_settings_rows(),
        *_other_rows(),
        *_loop_rows(),
        *_agent_rows(),
    ]


def _base_rows() -> list[Row]:
    one = replace(_BASE, configs=1, bad=frozenset(), changes=0)
    return [
        _cfgsync("base", _BASE, 77_056, 196_662),
        _cfgsync("nothing disturbs, 2 changes", replace(_BASE, **_CALM, changes=2), 1_663, 3_779),
        _cfgsync("1 configuration", one, 7_407, 16_291),
        _cfgsync("3 configurations", replace(_BASE, configs=3), 137_680, 358_439),
        _cfgsync("2 changes", replace(_BASE, changes=2), 274_892, 815_455),
        _cfgsync("2 drops", replace(_BASE, drops=2), 237_262, 656_586),
        _cfgsync("duplicates", replace(_BASE, **_CALM, duplicates=1), 2_069, 4_165),
        _cfgsync("reorders", replace(_BASE, **_CALM, changes=2, reorders=1), 6_057, 14_154),
        _cfgsync("both", replace(_BASE, **_CALM, duplicates=1, reorders=1), 10_720, 23_018),
        _cfgsync("two servers", replace(_BASE, **_CALM, switches=2), 39_799, 77_277),
        _cfgsync(
            "two servers and a crash",
            replace(_BASE, **{**_CALM, "crashes": 1}, switches=2),
            168_932,
            375_146,
        ),
    ]


def _mutant_rows() -> list[Row]:
    rest, storm = "bad rest", "storm"
    return [
        _cfgsync("M1", _mutant("M1"), 40_328, 106_790, rest),
        _cfgsync("M2", _mutant("M2"), 471_771, 1_414_649, "S6", storm),
        _cfgsync("M2b", _mutant("M2b"), 408_057, 1_200_968, "S6", storm),
        _cfgsync("M2c", _mutant("M2c"), 258_459, 682_286, "S6"),
        _cfgsync("M3", _mutant("M3"), 67_664, 176_391, "S4"),
        _cfgsync("M4", _mutant("M4"), 279_559, 801_826, storm),
        _cfgsync("M5", _mutant("M5"), 202_883, 531_881, "S2", "S3", rest),
        _cfgsync("M6", _mutant("M6"), 152_700, 378_604, "S6"),
        _cfgsync("M7", _mutant("M7"), 413_012, 1_157_890, "S6"),
        _cfgsync("M8", _mutant("M8"), 69_286, 178_271, rest),
        _cfgsync("M9", _mutant("M9"), 53_838, 140_477, rest),
    ]


def _small_rows() -> list[Row]:
    """Each mutant within the least that shows it."""
    rest, storm = "bad rest", "storm"
    calm, crashing = _CALM, {**_CALM, "crashes": 1}
    return [
        _cfgsync("M1 small", _mutant("M1", crashes=0, drops=0), 1_245, 2_379, rest),
        _cfgsync("M2 small", _mutant("M2", **calm), 3_581, 7_941, "S6", storm),
        _cfgsync("M2b small", _mutant("M2b", **calm), 3_125, 6_918, "S6", storm),
        _cfgsync("M2c small", _mutant("M2c", **calm), 1_010, 2_065, "S6"),
        _cfgsync("M3 small", _mutant("M3", **crashing), 2_153, 4_770, "S4"),
        _cfgsync("M4 small", _mutant("M4", **calm), 1_268, 2_624, storm),
        _cfgsync("M5 small", _mutant("M5", **crashing), 5_885, 12_654, "S2", "S3", rest),
        _cfgsync("M6 small", _mutant("M6", **crashing), 4_316, 8_856, "S6"),
        _cfgsync("M7 small", _mutant("M7", **calm), 1_348, 2_808, "S6"),
        _cfgsync("M8 small", _mutant("M8", crashes=0), 14_972, 33_474, rest),
        _cfgsync("M9 small", _mutant("M9", restarts=0), 14_322, 33_678, rest),
        _cfgsync("M10 small", _mutant("M10", **calm), 310, 571, "S1"),
        _cfgsync("M11 small", _mutant("M11", **calm), 310, 571, "S5", rest),
    ]


def _settings_rows() -> list[Row]:
    on_connect, once = {"deletes_on_connect": True}, {"alternates": False}
    first, last = connsettings.MUTANTS.values()
    both_twice = replace(_CONN, flakes=2, crashes=2)
    return [
        _connsettings("C1", first, 44, 85, "S9", "storm"),
        _connsettings("server waits for APPLIED", replace(_CONN, **once), 39, 76),
        _connsettings("client alternates", replace(_CONN, **on_connect), 72, 141),
        _connsettings("base: both", _CONN, 65, 129),
        _connsettings("both, 2 flakes and 2 crashes", both_twice, 171, 410),
        _connsettings("C2", last, 87, 156, "S9", "storm"),
    ]


def _other_rows() -> list[Row]:
    def other(name: str, number: str, *counts: Any) -> Row:
        module = MODULES[name]
        variants = {"base": module.BASE} | {k.split()[0]: v for k, v in module.MUTANTS.items()}
        states, transitions, *faults = counts
        return Row(name, number, variants[number], states, transitions, tuple(faults))

    return [
        other("Identity", "base", 4_696, 13_566),
        other("Identity", "I1", 882, 2_736, "S8", "bad rest"),
        other("Identity", "I2", 584, 1_818, "storm"),
        other("Identity", "I3", 7_904, 21_968, "S8b"),
        other("Identity", "I4", 1_153, 3_736, "bad rest"),
        other("Throttle", "base", 1_387, 2_378),
        other("Throttle", "T1", 5_218, 9_075, "L7a", "L7c"),
        other("Throttle", "T2", 1_475, 2_526, "L7b"),
        other("Throttle", "T3", 2_964, 4_193, "L7c"),
        other("Throttle", "T4", 2_774, 5_671, "L7d"),
    ]


def _agent_rows() -> list[Row]:
    base, mutants = agentloop.BASE, list(agentloop.MUTANTS.values())
    found: list[tuple[str, agentloop.Variant, int, int, tuple[str, ...]]] = [
        ("base", base, 17_329, 36_001, ()),
        ("1 assignment, 2 crashes", replace(base, assignments=1, crashes=2), 2_164, 4_112, ()),
        ("3 assignments", replace(base, assignments=3), 153_228, 365_079, ()),
        ("A1", mutants[0], 389, 621, ("S2", "S4", "bad rest")),
        ("A2", mutants[1], 329, 541, ("S2", "S3", "bad rest")),
        ("A3", mutants[2], 422, 662, ("W",)),
        ("A4", mutants[3], 383, 612, ("bad rest",)),
        ("A5", mutants[4], 1_315, 2_415, ("S6",)),
        ("A6", mutants[5], 387, 619, ("bad rest",)),
        ("A7", mutants[6], 384, 615, ("W", "bad rest")),
    ]
    return [Row("AgentLoop", *row) for row in found]


def _loop_rows() -> list[Row]:
    base, mutants = configloop.BASE, list(configloop.MUTANTS.values())
    found: list[tuple[str, configloop.Variant, int, int, tuple[str, ...]]] = [
        ("base", base, 1_572, 8_650, ()),
        ("3 hashes", replace(base, hashes=3), 12_100, 92_566, ()),
        ("L1", mutants[0], 163, 580, ("NewestRuns", "Probation")),
        ("L2", mutants[1], 110, 351, ("Applied", "Good", "NewestRuns", "Probation")),
        ("L3", mutants[2], 74, 228, ("Idle",)),
        ("L4", mutants[3], 143, 462, ("Idle", "NewestRuns", "Probation")),
        ("L5", mutants[4], 77, 245, ("Attempts",)),
        ("L6", mutants[5], 2_668, 14_564, ("NewestRuns",)),
    ]
    return [Row("ConfigLoop", *row) for row in found]
