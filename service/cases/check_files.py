"""Looks for documents whose file is lost or damaged: the row says what was signed, the file is what was signed."""

from collections.abc import Iterator

from sqlmodel import Session, col, select

from service.cases.check import Finding
from service.store.files import Files
from service.store.tables import Document
from states.errors import NotFound, StoreUnavailable


def lost_files(session: Session, files: Files) -> Iterator[Finding]:
    """Read every file that a row names and compare it with its address."""
    for document, digest, name in session.exec(
        select(Document.id, Document.file_sha256, Document.file_name).order_by(col(Document.id))
    ):
        try:
            files.get(digest)
        except NotFound:
            yield Finding("lost-file", str(document), f"Filen till {name} saknas.")
        except StoreUnavailable:
            yield Finding("damaged-file", str(document), f"Filen till {name} är skadad.")
