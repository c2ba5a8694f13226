"""The binding of libbpf, on real objects and on none."""

from pathlib import Path

import pytest

from otx.errors import MachineError
from otx.profile.bpf_files import find_bpf_object
from otx.profile.libbpf import BpfObject
from otx.profile.sampler import OBJECT_NAME

pytestmark = [pytest.mark.bpf, pytest.mark.usefixtures("bpf_machine")]


def test_a_file_that_is_no_object_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "not.bpf.o"
    file.write_text("no object")
    with pytest.raises(MachineError, match=r"cannot open not\.bpf\.o"):
        BpfObject(file)


EXIT, MOVE = b"\x95" + bytes(7), b"\xb7" + bytes(7)
"""Instructions: return, and r0 = 0."""


def test_it_is_loaded_in_silence_and_says_why_where_the_kernel_refuses(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    raw = find_bpf_object("otx_dump.bpf.o").read_bytes()
    endless = tmp_path / "endless.bpf.o"
    endless.write_bytes(raw.replace(EXIT, MOVE))
    with pytest.raises(MachineError, match=r"refuses endless\.bpf\.o: Invalid argument; failed"):
        BpfObject(endless)
    BpfObject(find_bpf_object("otx_dump.bpf.o")).close()
    assert capfd.readouterr() == ("", "")


def test_the_verifiers_log_is_heard_when_asked() -> None:
    said: list[str] = []
    with BpfObject(find_bpf_object(OBJECT_NAME), said.append):
        pass
    assert any("processed" in line and "insns" in line for line in said)


def test_a_map_keeps_what_is_put_in() -> None:
    with BpfObject(find_bpf_object(OBJECT_NAME)) as loaded:
        targets = loaded.map("targets")
        key, value = (42).to_bytes(4, "little"), (3).to_bytes(4, "little")
        assert targets.lookup(key, 4) is None
        targets.update(key, value)
        assert targets.lookup(key, 4) == value
        targets.delete(key)
        assert targets.lookup(key, 4) is None


def test_a_full_map_is_an_error() -> None:
    with BpfObject(find_bpf_object(OBJECT_NAME)) as loaded:
        targets = loaded.map("targets")
        with pytest.raises(MachineError, match=f"{targets.max_entries} entries"):
            for number in range(targets.max_entries + 1):
                targets.update(number.to_bytes(4, "little"), bytes(4))
