"""A backup's file: whatever is changed in it is noticed, and no name in it decides where something is written."""

import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from service.store import archive
from service.store.archive import Manifest, member, pack, unpack
from states.errors import Refused, StoreUnavailable

SCAN = b"%PDF-1.7 a scan"


def manifest(members: dict[str, tuple[int, str]]) -> Manifest:
    return Manifest(
        created="2027-05-10T07:00:00.000000+00:00",
        product="0.1.0",
        database="sqlite",
        revision="0002",
        seq=7,
        head="a" * 64,
        key="0123456789abcdef",
        counts={"event": 7},
        members=members,
    )


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A backup with a database of one page and a bit, and one file."""
    database, scan = tmp_path / "rows", tmp_path / "scan"
    database.write_bytes(bytes(range(256)) * 17)
    scan.write_bytes(SCAN)
    digest = member(scan)[1]
    sources = {"database": database, f"files/{digest[:2]}/{digest}": scan}
    pack(tmp_path / "backup.tar", manifest({name: member(path) for name, path in sources.items()}), sources)
    return tmp_path / "backup.tar"


def test_what_was_packed_comes_back(packed: Path, tmp_path: Path) -> None:
    found = unpack(packed, tmp_path / "out")
    assert (found.seq, found.head, list(found.counts.items())) == (7, "a" * 64, [("event", 7)])
    assert [(tmp_path / "out" / name).stat().st_size for name in found.members] == [256 * 17, len(SCAN)]
    assert archive.manifest(packed) == found


def test_any_tar_program_can_read_it_and_nobody_else_on_the_machine(packed: Path) -> None:
    with tarfile.open(packed) as file:
        assert file.getnames()[:2] == ["manifest.json", "database"]
    assert packed.stat().st_mode & 0o777 == 0o600


def test_the_same_facts_give_the_same_bytes(packed: Path, tmp_path: Path) -> None:
    listed = unpack(packed, tmp_path / "out")
    pack(tmp_path / "again.tar", listed, {name: tmp_path / "out" / name for name in listed.members})
    assert (tmp_path / "again.tar").read_bytes() == packed.read_bytes()


def test_one_changed_bit_is_noticed_wherever_it_is(packed: Path, tmp_path: Path) -> None:
    """Headers, manifest, database, file, padding, end."""
    whole = packed.read_bytes()
    dice = random.Random(20271122)
    for number, place in enumerate([*range(0, len(whole), 97), *(dice.randrange(len(whole)) for _ in range(200))]):
        changed = bytearray(whole)
        changed[place] ^= 1 << dice.randrange(8)
        packed.write_bytes(changed)
        with pytest.raises(Refused):
            unpack(packed, tmp_path / f"out-{number}")


@pytest.mark.parametrize(
    "spoil",
    [lambda b: b[:-1], lambda b: b[: len(b) // 2], lambda b: b[:100], lambda b: b"", lambda b: b + b"\0", lambda b: b"x" * 4096],
    ids=["last byte", "half", "in the first header", "empty", "one byte more", "something else"],
)
def test_a_file_that_is_cut_or_longer_or_no_backup_is_refused(
    packed: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    packed.write_bytes(spoil(packed.read_bytes()))
    with pytest.raises(Refused, match="Säkerhetskopian kan inte användas"):
        unpack(packed, tmp_path / "out")


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "files/aa/../../outside", "files/aa/bb", "manifest.json", "x"])
def test_no_name_in_it_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    rows = tmp_path / "rows"
    rows.write_bytes(b"rows")
    sources = {"database": rows, name: rows}
    pack(tmp_path / "hostile.tar", manifest({key: member(rows) for key in sources}), sources)
    with pytest.raises(Refused):
        unpack(tmp_path / "hostile.tar", tmp_path / "deep" / "out")
    assert not list(tmp_path.rglob("outside"))


def test_a_backup_that_cannot_be_read_is_told_from_one_that_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="kan inte läsas"):
        archive.manifest(tmp_path / "gone.tar")
