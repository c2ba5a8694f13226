"""What is remembered of programs."""

from otx.profile.maps import AddressSpace, Mapping
from otx.profile.programs import SeenPrograms


def space(inode: int) -> AddressSpace:
    return AddressSpace([Mapping(0x1000, 0x2000, True, 0, "08:01", inode, "/bin/x")])


def test_programs_without_an_interpreter_are_known_until_one_has_one() -> None:
    seen = SeenPrograms()
    seen.add_plain(space(1))
    assert seen.is_plain(space(1)) and not seen.is_plain(space(2))
    seen.remove_plain(space(1))
    seen.remove_plain(space(2))
    assert not seen.is_plain(space(1))
    for inode in range(1025):
        seen.add_plain(space(inode))
    assert not seen.is_plain(space(0)) and seen.is_plain(space(1))
