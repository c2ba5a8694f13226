"""Mappings and tables for walks in this process."""

from otx.profile.perf.tables import LocalTables
from otx.profile.unwind.published import NO_OBJECT, MappedObject


def test_an_address_is_found_in_its_process_only() -> None:
    tables = LocalTables()
    number = tables.new_number()
    assert number not in (None, NO_OBJECT)
    mappings = [
        MappedObject(0x1000, 0x2000, 0x800, number or 0),
        MappedObject(0x5000, 0x6000, 0, NO_OBJECT),
    ]
    assert tables.set_mappings(7, mappings)
    found = tables.find_code(7, 0x1FFF)
    assert found is not None and (found.bias, found.table) == (0x800, None)
    assert tables.find_code(7, 0x5000) is not None
    for address in (0, 0xFFF, 0x2000, 0x4FFF, 0x6000, 1 << 63):
        assert tables.find_code(7, address) is None
    assert tables.find_code(8, 0x1000) is None


def test_a_forked_process_has_its_parents_until_it_has_its_own() -> None:
    tables = LocalTables()
    tables.set_mappings(7, [MappedObject(0x1000, 0x2000, 0, 3)])
    tables.share(8, 7)
    tables.forget(7)
    assert tables.find_code(8, 0x1000) is not None
    tables.share(8, 7)
    assert tables.find_code(8, 0x1000) is None
