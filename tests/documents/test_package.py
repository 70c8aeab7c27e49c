"""The zip writer: any zip reader opens it, and nothing in it depends on the day."""

import io
import zipfile

from documents import package

MEMBERS = [("[Content_Types].xml", b"<Types/>"), ("word/å.xml", "å".encode() * 999), ("empty", b"")]


def _written() -> bytes:
    return package.write((name, package.pack(data)) for name, data in MEMBERS)


def test_another_reader_finds_every_member_in_order() -> None:
    with zipfile.ZipFile(io.BytesIO(_written())) as opened:
        assert opened.testzip() is None
        assert [(name, opened.read(name)) for name in opened.namelist()] == MEMBERS


def test_members_carry_the_oldest_date_and_no_extra_fields() -> None:
    with zipfile.ZipFile(io.BytesIO(_written())) as opened:
        assert {(i.date_time, i.extra, i.comment) for i in opened.infolist()} == {((1980, 1, 1, 0, 0, 0), b"", b"")}


def test_same_members_give_same_bytes() -> None:
    assert _written() == _written()
