"""Looks for documents whose file is lost or damaged: the row says what was signed, the file is what was signed."""

from collections.abc import Iterator

from sqlmodel import Session

from service.cases.check import Finding
from service.store.files import Files
from service.store.kept import kept
from states.errors import NotFound, StoreUnavailable


def lost_files(session: Session, files: Files) -> Iterator[Finding]:
    """Read every file that a row names and compare it with its address."""
    for one in kept(session):
        try:
            files.get(one.sha256)
        except NotFound:
            yield Finding("lost-file", str(one.row), f"Filen till {one.name} saknas.")
        except StoreUnavailable:
            yield Finding("damaged-file", str(one.row), f"Filen till {one.name} är skadad.")
