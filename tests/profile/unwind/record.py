"""Stops threads of known programs with ptrace(2) and records what a walk of them needs."""

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from otx.profile.elf import ElfFile, bytes_reader
from otx.profile.maps import Mapping, read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.unwind.table import build
from otx.profile.unwind.walk import Code, Registers, walk
from tests.profile.unwind import programs
from tests.profile.unwind.snapshots import FOLDER, MappedCode, Snapshot, pruned, save

_GETREGS, _ATTACH, _DETACH = 12, 16, 17  # sys/ptrace.h
_BP, _PC, _SP = 4, 16, 19  # in struct user_regs_struct, sys/user.h
_WHOLE_WALK_SIZE = 1 << 20


@contextmanager
def stopped(tid: int) -> Iterator[Registers]:
    """A thread's registers, while it stands still."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(_ATTACH, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(tid, 0x40000000)  # __WALL: threads too
    try:
        words = (ctypes.c_uint64 * 27)()
        libc.ptrace(_GETREGS, tid, None, ctypes.cast(words, ctypes.c_void_p))
        yield Registers(words[_PC], words[_SP], words[_BP])
    finally:
        libc.ptrace(_DETACH, tid, None, None)


def take(pid: int, tid: int) -> Snapshot:
    """Record one thread as it is now."""
    memory = ProcessMemory(pid)
    mappings = read_address_space(pid).executable
    elves = {mapping: elf_of(mapping, memory) for mapping in mappings if "vsys" not in mapping.path}
    tables = {elf: table for elf in elves.values() if (table := elf.eh_frame())}
    built = {elf: build(table) for elf, table in tables.items()}
    biases = {m: elf.load_bias(m.start, m.offset) or 0 for m, elf in elves.items()}
    highest = 0
    with stopped(tid) as registers:

        def read_word(address: int) -> int:
            nonlocal highest
            highest = max(highest, address + 8)
            return memory.read_word(address)

        def mapping_of(address: int) -> Mapping | None:
            return next((m for m in elves if m.start <= address < m.end), None)

        def find(address: int) -> Code | None:
            m = mapping_of(address)
            return Code(biases[m], built.get(elves[m])) if m else None

        found = walk(registers, read_word, find)
        stack = memory.read(registers.sp, highest - registers.sp)
    looks = [at - (depth > 0) for depth, at in enumerate(found.addresses)]
    met = {m: [at - biases[m] for at in looks if mapping_of(at) is m] for m in elves}
    used = {m: addresses for m, addresses in met.items() if addresses}
    symbols = {m: elves[m].code_symbols() for m in used}
    homes = [(m, at) for at in looks if (m := mapping_of(at))]
    return Snapshot(
        registers,
        stack,
        tuple(MappedCode(m.start, m.end, biases[m], m.base_name) for m in used),
        {m.base_name: pruned(tables[elves[m]], used[m]) for m in used},
        found.addresses,
        tuple(symbols[m].find(at - biases[m]) or "" for m, at in homes),
    )


def elf_of(mapping: Mapping, memory: ProcessMemory) -> ElfFile:
    """The object that is mapped."""
    if mapping.inode:
        return ElfFile(bytes_reader(Path(mapping.path).read_bytes()))
    return ElfFile(bytes_reader(memory.read(mapping.start, mapping.end - mapping.start)))


def record(name: str, words: list[str], wanted: str, *, of_thread: bool = False) -> None:
    """Run a program and record it at a moment when a function is on its stack."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        for _ in range(20):
            tids = sorted(int(tid.name) for tid in Path(f"/proc/{process.pid}/task").iterdir())
            snapshot = take(process.pid, tids[-1] if of_thread else process.pid)
            if any(wanted in function for function in snapshot.names):
                break
        else:
            raise AssertionError(f"{name}: never in {wanted}")
    finally:
        process.kill()
        process.communicate()
    save(snapshot, FOLDER / f"{name}.json")
    print(name, len(snapshot.addresses), snapshot.names[-6:])  # noqa: T201


def record_all() -> None:
    """Record every program."""
    with tempfile.TemporaryDirectory() as folder:
        for name, source, wanted in (
            ("deep", programs.DEEP_C, "deep"),
            ("signal", programs.SIGNAL_C, "handler"),
            ("thread", programs.THREAD_C, "compare"),
            ("vdso", programs.CLOCK_C, "__vdso_clock_gettime"),
        ):
            code, program = Path(folder, f"{name}.c"), Path(folder, name)
            code.write_text(source)
            subprocess.run(["gcc", *programs.C_FLAGS, code, "-o", program], check=True)
            record(name, [str(program)], wanted, of_thread=name == "thread")
    for name, source, wanted in (
        ("python_call", programs.SORT_PY, "PyObject_CallOneArg"),
        ("python_hash", programs.HASH_PY, "SHA256_Update"),
    ):
        record(name, ["/usr/bin/python3", "-c", source], wanted)
