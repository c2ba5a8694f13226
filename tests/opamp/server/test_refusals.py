"""Who is turned away is remembered, and told once in a while."""

from otx.opamp.server.refusals import AUDIT_EVERY_NS, REMEMBERED, Refusals


def test_an_address_is_told_of_once_in_a_while() -> None:
    refusals = Refusals()
    assert refusals.note(1, "a:1", "", "no")
    assert not refusals.note(2, "a:2", "", "no")
    assert refusals.note(3, "b:1", "", "no")
    assert refusals.note(1 + AUDIT_EVERY_NS, "a:3", "", "no")
    assert refusals.count == 4


def test_a_claimed_uid_counts_more_than_an_address() -> None:
    refusals = Refusals()
    refusals.note(1, "a:1", "uid-1", "no")
    refusals.note(2, "a:1", "uid-2", "no")
    refusals.note(3, "a:1", "", "no")
    assert [one.at_ns for one in refusals.of("uid-2", "a:9", 0)] == [2, 3]
    assert [one.at_ns for one in refusals.of("uid-2", "a:9", 3)] == [3]
    assert not list(refusals.of("uid-3", "", 0))


def test_they_are_bounded() -> None:
    refusals = Refusals()
    for number in range(3 * REMEMBERED):
        refusals.note(number, f"{number}:1", "u", "no")
    assert len(list(refusals.of("u", "", 0))) == REMEMBERED
