"""The only writer of zip files: fixed order, 1980 dates, no extra fields; members that never change are deflated once."""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

_DOS_1980 = (1 << 21) | (1 << 16)  # 1980-01-01 00:00, the oldest date a zip can hold
_UTF8_NAME = 0x800


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a package, already deflated."""

    crc: int
    size: int
    deflated: bytes


def pack(data: bytes, level: int = 6) -> Member:
    """Deflate one member. Static members deserve level 9, since they are packed once per process."""
    squeeze = zlib.compressobj(level, zlib.DEFLATED, -15)
    return Member(zlib.crc32(data), len(data), squeeze.compress(data) + squeeze.flush())


def write(members: Iterable[tuple[str, Member]]) -> bytes:
    """The zip file with these members in this order; the same members give the same bytes."""
    body: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for name, member in members:
        common = _common(name, member)
        local = b"PK\3\4" + common + name.encode()
        body += (local, member.deflated)
        directory.append(_entry(name, common, offset))
        offset += len(local) + len(member.deflated)
    central = b"".join(directory)
    end = struct.pack("<HHHHIIH", 0, 0, len(directory), len(directory), len(central), offset, 0)
    return b"".join((*body, central, b"PK\5\6", end))


def _common(name: str, member: Member) -> bytes:
    """The fields that a member's own header and its entry in the directory share."""
    flags = 0 if name.isascii() else _UTF8_NAME
    sizes = (member.crc, len(member.deflated), member.size, len(name.encode()), 0)
    return struct.pack("<HHHIIIIHH", 20, flags, zlib.DEFLATED, _DOS_1980, *sizes)


def _entry(name: str, common: bytes, offset: int) -> bytes:
    return b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name.encode()
