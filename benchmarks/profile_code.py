"""What the code of objects tells of callers, beside what their unwind entries say, which is right.

For each file: instructions that were met by following its code; of those that an entry tells of,
the share of other callers and of none; functions that seem to begin a thread; and the processor
time. Of objects without entries (musl) there is nothing to compare with.

    python benchmarks/profile_code.py [FILE...]
"""

import argparse
import time
from collections import Counter
from pathlib import Path

from otx.profile.elf import ElfFile, bytes_reader
from otx.profile.errors import UnreadableError
from otx.profile.unwind.code.derived import functions_in_steps
from otx.profile.unwind.index import indexed_table
from otx.profile.unwind.object_table import lacks_entries
from otx.profile.unwind.rules import BpKind, CfaKind, Rule
from otx.profile.unwind.table import UnwindTable, build, build_of

FILES = (
    *("/lib/x86_64-linux-musl/libc.so", "/lib/x86_64-linux-gnu/libc.so.6"),
    *("/lib/x86_64-linux-gnu/libm.so.6", "/usr/bin/git", "/usr/bin/bash", "/usr/bin/perl"),
)
UNKNOWN = (CfaKind.GAP, CfaKind.OTHER)


def is_same(theirs: Rule, ours: Rule) -> bool:
    """Whether two rules lead to one caller: a compiler counts from rbp where rsp would do."""
    if theirs.cfa is CfaKind.BP and ours.cfa is CfaKind.SP:
        return ours.bp is BpKind.AT_CFA and ours.bp_offset == theirs.bp_offset
    return (theirs.cfa, theirs.cfa_offset) == (ours.cfa, ours.cfa_offset)


def compared(elf: ElfFile, written: UnwindTable, derived: UnwindTable) -> Counter[str]:
    """Bytes of code by what the two tables say of them."""
    counts: Counter[str] = Counter()
    for at in elf.section_extent(b".text") or ():
        theirs, ours = written.find(at), derived.find(at)
        if theirs.cfa in UNKNOWN:
            continue
        if ours.cfa in UNKNOWN:
            counts["none"] += 1
        elif ours.cfa is CfaKind.END and theirs.cfa is not CfaKind.END:
            counts["false root"] += 1
        else:
            counts["same" if is_same(theirs, ours) else "other"] += 1
    return counts


def report(path: Path) -> str:
    """A line of the table.

    Raises:
        UnreadableError: It is no object file, or has no code.
    """
    elf = ElfFile(bytes_reader(path.read_bytes()))
    entries = indexed_table(elf)
    began_s = time.process_time()
    derived = next(it for it in build_of(functions_in_steps(elf, None)) if it is not None)
    took_s = time.process_time() - began_s
    head = f"{path.name:28} {took_s:6.2f} {len(derived.rows):8}"
    if entries is None or lacks_entries(elf, entries):
        return f"{head}  (no entries)"
    counts = compared(elf, build(entries), derived)
    total = counts.total() or 1
    shares = (counts[name] / total for name in ("other", "none", "false root"))
    return f"{head} {' '.join(f'{share:8.2%}' for share in shares)}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=[Path(name) for name in FILES])
    print(f"{'file':28} {'s':>6} {'rows':>8} {'other':>8} {'none':>8} {'no root':>8}")
    for path in parser.parse_args().files:
        try:
            print(report(path))
        except (OSError, UnreadableError) as error:
            print(f"{path.name:28} {error}")


if __name__ == "__main__":
    main()
