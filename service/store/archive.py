"""A backup as one file: a tar whose every byte follows from its sealed manifest, so that any change to it is noticed.

Any tar program can list and unpack it. We never let a name in it decide where something is written: the manifest is the first
member, its names are checked, and every header must be the very one we would have written.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tarfile import GNU_FORMAT, TarError, TarInfo
from typing import IO, Any

from states.errors import Refused, StoreFull, StoreUnavailable

MANIFEST, DATABASE, FILES = "manifest.json", "database", "files"

_BLOCK = 512
_CHUNK = 1 << 20
_LONGEST_MANIFEST = 256 << 20
_NAME = re.compile(r"database|files/([0-9a-f]{2})/\1[0-9a-f]{62}")
_END = bytes(2 * _BLOCK)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: when and from what it was made, how far its history reached, rows per table, members.

    `key` recognises the secret key of that time without holding it.
    """

    created: str
    product: str
    database: str
    revision: str
    seq: int
    head: str
    key: str
    counts: Mapping[str, int]
    members: Mapping[str, tuple[int, str]]

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.created)


def member(path: Path) -> tuple[int, str]:
    """A file's size and SHA-256, for the manifest."""
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def pack(target: Path, listed: Manifest, sources: Mapping[str, Path]) -> None:
    """Write the whole backup and force it to disk; raises StoreFull or StoreUnavailable."""
    with _disk(target), target.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)  # it holds people's names and addresses
        text = _sealed(listed)
        file.write(_header(MANIFEST, len(text), listed.at) + text + _padding(len(text)))
        for name, (size, _) in listed.members.items():
            file.write(_header(name, size, listed.at))
            with sources[name].open("rb") as source:
                while chunk := source.read(_CHUNK):
                    file.write(chunk)
            file.write(_padding(size))
        file.write(_END)
        file.flush()
        os.fsync(file.fileno())


def unpack(path: Path, folder: Path) -> Manifest:
    """Take a backup apart into `folder` and return its manifest; Refused when one byte is not as it was written."""
    with _disk(path), path.open("rb") as file:
        listed = _manifest(file)
        for name, (size, sha256) in listed.members.items():
            _same(file.read(_BLOCK), _header(name, size, listed.at), name)
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if _copied(file, target, size) != sha256:
                raise _damaged(f"{name} är ändrad")
            _same(file.read(len(_padding(size))), _padding(size), name)
        _same(file.read(len(_END) + 1), _END, "slutet")
    return listed


def manifest(path: Path) -> Manifest:
    """What a backup says that it holds; nothing else of it has been looked at yet."""
    with _disk(path), path.open("rb") as file:
        return _manifest(file)


def _manifest(file: IO[bytes]) -> Manifest:
    header = file.read(_BLOCK)
    try:
        info = TarInfo.frombuf(header, "utf-8", "strict")
    except (TarError, ValueError):
        raise _damaged("den är ingen säkerhetskopia från Överens, eller dess början är ändrad") from None
    if info.name != MANIFEST or not 0 < info.size <= _LONGEST_MANIFEST:
        raise _damaged("den är ingen säkerhetskopia från Överens")
    text = file.read(info.size)
    listed = _read(text)
    _same(header, _header(MANIFEST, len(text), listed.at), MANIFEST)
    _same(file.read(len(_padding(len(text)))), _padding(len(text)), MANIFEST)
    return listed


def _read(text: bytes) -> Manifest:
    """The manifest, if these bytes are the very ones that were sealed."""
    try:
        raw: dict[str, Any] = json.loads(text)
        del raw["seal"]
        members = {str(name): (int(size), str(sha256)) for name, (size, sha256) in raw.pop("members").items()}
        listed = Manifest(**raw, members=members)
        whole = _sealed(listed) == text and listed.at.tzinfo is not None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _damaged("innehållsförteckningen går inte att läsa") from None
    if not whole or DATABASE not in members or not all(_NAME.fullmatch(name) for name in members):
        raise _damaged("innehållsförteckningen är ändrad")
    return listed


def _sealed(listed: Manifest) -> bytes:
    facts = asdict(listed)
    seal = hashlib.sha256(_canonical(facts)).hexdigest()
    return _canonical({**facts, "seal": seal})


def _canonical(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _header(name: str, size: int, at: datetime) -> bytes:
    info = TarInfo(name)
    info.size, info.mtime, info.mode = size, int(at.timestamp()), 0o600
    return info.tobuf(GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _copied(file: IO[bytes], target: Path, size: int) -> str:
    """Copy the next `size` bytes to `target` and return their SHA-256."""
    digest, left = hashlib.sha256(), size
    with target.open("xb") as out:
        while left and (chunk := file.read(min(left, _CHUNK))):
            digest.update(chunk)
            out.write(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def _same(found: bytes, expected: bytes, where: str) -> None:
    if found != expected:
        raise _damaged(f"{where} är ändrad eller avkortad")


def _damaged(what: str) -> Refused:
    return Refused("damaged-backup", f"Säkerhetskopian kan inte användas: {what}.")


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == 28:
            raise StoreFull from error
        raise StoreUnavailable(f"{error.filename or path} kan inte läsas eller skrivas ({error.strerror}).") from error
