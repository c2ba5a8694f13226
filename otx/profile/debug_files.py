"""Names of stripped objects' functions from where their packages keep them.

Distributions take the symbol tables out of what they install and offer them apart, in files named
for the object's build-id or in its debug link; some leave a small compressed table in the object
(GDB's manual, Separate Debug Files and MiniDebugInfo). What a container has of them is its own and
comes first, then what the host has. Nothing is taken for granted of either: a file counts only if
it has the build-id, and one found by a link the checksum that the link tells.
"""

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from otx.profile.elf import ElfFile, build_id_in, bytes_reader, file_reader
from otx.profile.errors import UnreadableError
from otx.profile.file_key import FileKey
from otx.profile.regular_files import open_regular
from otx.profile.symbol_cache import SymbolCache
from otx.profile.symbols import SymbolTable

GLOBAL_FOLDER = "/usr/lib/debug"
_LINK = frozenset((b".gnu_debuglink",))
_EMBEDDED = frozenset((b".gnu_debugdata",))
_BUILD_ID_NOTE = frozenset((b".note.gnu.build-id",))
_CHECKSUM_SIZE = 4
_MAX_NAME = 255
_MAX_CHECKED = 128 << 20
"""Bytes of a file that are read for its checksum, 0.1 s: samples wait meanwhile."""
_PIECE = 1 << 20
_MAX_UNPACKED = 64 << 20
_MAX_UNPACKER_MEMORY = 128 << 20


@dataclass(frozen=True, slots=True)
class DebugLink:
    """What .gnu_debuglink says: a file's base name, and the CRC-32 of what is in it."""

    name: str
    checksum: int


class DebugSymbols:
    """Functions of one object that are named outside of its own tables.

    Args:
        look: Looks for them, when the first name is asked for.
    """

    def __init__(self, look: Callable[[], SymbolTable | None]) -> None:
        self._look = look

    @cached_property
    def _table(self) -> SymbolTable | None:
        return self._look()

    def find(self, address: int) -> str | None:
        """The name of the function that holds an address of the file."""
        return self._table.find(address) if self._table else None


@dataclass(frozen=True, slots=True)
class Places:
    """Where an object is, and where it is looked for what belongs to it.

    Attributes:
        path: The object's, as the process names it.
        roots: Folders to take for the root, the first one first; "" is the host's.
    """

    path: str
    roots: Sequence[str]


def find_debug_symbols(
    elf: ElfFile, places: Places, cache: SymbolCache, key: FileKey
) -> SymbolTable | None:
    """The functions of a stripped object; None where they are nowhere.

    Args:
        cache: Where they are kept once they are in order.
        key: The object's.

    Raises:
        UnreadableError: The object is cut or inconsistent.
    """
    build_id = elf.build_id()
    link = parse_debug_link(elf.section(_LINK) or b"")
    for root in places.roots if build_id else ():
        found = _symbols_in(root + build_id_path(build_id), build_id, cache)
        if found:
            return found
    for root in places.roots if link else ():
        for place in _linked_paths(places.path, link):
            found = _symbols_in(root + place, build_id, cache, link)
            if found:
                return found
    embedded = elf.section(_EMBEDDED)
    if not embedded:
        return None
    device, inode, size, changed_ns = key
    inside = f"inside-{device}", inode, size, changed_ns
    return cache.table(inside, lambda: embedded_symbols(embedded))


def build_id_path(build_id: bytes) -> str:
    """Where the debug file of a build-id is: its first byte names a folder."""
    digits = build_id.hex()
    return f"{GLOBAL_FOLDER}/.build-id/{digits[:2]}/{digits[2:]}.debug"


def parse_debug_link(section: bytes) -> DebugLink | None:
    """The content of .gnu_debuglink: a name, NULs up to a multiple of four, the checksum.

    Returns:
        None for what is no link, and for one that leads out of the folders it is looked for in.
    """
    raw, ended, _ = section.partition(b"\0")
    at = len(raw) + _CHECKSUM_SIZE & -_CHECKSUM_SIZE
    checksum = section[at : at + _CHECKSUM_SIZE]
    if not ended or len(checksum) != _CHECKSUM_SIZE or not 0 < len(raw) <= _MAX_NAME:
        return None
    if b"/" in raw or raw in (b".", b".."):
        return None
    return DebugLink(os.fsdecode(raw), int.from_bytes(checksum, "little"))


def embedded_symbols(section: bytes) -> SymbolTable | None:
    """The functions in .gnu_debugdata: an ELF file with a symbol table, compressed by xz.

    Raises:
        UnreadableError: It is none, is cut, or is of more than 64 MiB.
    """
    try:
        import lzma  # 2 ms, and an option when Python is built
    except ImportError:
        return None
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_UNPACKER_MEMORY)
    try:
        plain = unpacker.decompress(section, _MAX_UNPACKED)
    except (lzma.LZMAError, EOFError) as error:
        raise UnreadableError(f".gnu_debugdata: {error}") from None
    if not unpacker.eof:
        raise UnreadableError(".gnu_debugdata is cut, or of more than 64 MiB")
    return ElfFile(bytes_reader(plain)).code_symbols()


def _linked_paths(path: str, link: DebugLink | None) -> Iterator[str]:
    folder = path.rpartition("/")[0]
    if link is not None:
        yield f"{folder}/{link.name}"
        yield f"{folder}/.debug/{link.name}"
        yield f"{GLOBAL_FOLDER}{folder}/{link.name}"


def _symbols_in(
    path: str, build_id: bytes, cache: SymbolCache, link: DebugLink | None = None
) -> SymbolTable | None:
    """The functions in a debug file; None where it is not there or is of another object."""
    try:
        descriptor = open_regular(path)
    except OSError:
        return None
    try:
        debug = ElfFile(file_reader(descriptor))
        if build_id and _build_id_of(debug) != build_id:
            return None
        if link is not None and _checksum(descriptor) != link.checksum:
            return None
        status = os.fstat(descriptor)
        key = (str(status.st_dev), status.st_ino, status.st_size, status.st_mtime_ns)
        return cache.table(key, debug.code_symbols)
    except (OSError, UnreadableError):
        return None
    finally:
        os.close(descriptor)


def _build_id_of(debug: ElfFile) -> bytes:
    """As `ElfFile.build_id`: program headers of debug files may lead nowhere."""
    return build_id_in(debug.section(_BUILD_ID_NOTE) or b"") or debug.build_id()


def _checksum(descriptor: int) -> int | None:
    """The CRC-32 of a file; None of one that is too large to be read for it."""
    if os.fstat(descriptor).st_size > _MAX_CHECKED:
        return None
    checksum = 0
    for at in range(0, _MAX_CHECKED, _PIECE):
        piece = os.pread(descriptor, _PIECE, at)
        checksum = zlib.crc32(piece, checksum)
        if len(piece) < _PIECE:
            break
    return checksum
