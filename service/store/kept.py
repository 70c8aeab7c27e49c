"""Every file that some row names: what a backup takes along and a check reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from service.store.tables import ConsultationAnswer, Document, ReceivedFile, RoundMessage


@dataclass(frozen=True, slots=True)
class Kept:
    """A row with a file: the row's id, the file's address, the name it goes under."""

    row: UUID
    sha256: str
    name: str


def kept(session: Session) -> Iterator[Kept]:
    """Documents, answers in writing that came as files, the notes that went out, and what came by mail."""
    for document in session.exec(select(Document.id, Document.file_sha256, Document.file_name).order_by(col(Document.id))):
        yield Kept(*document)
    answers = select(ConsultationAnswer.id, ConsultationAnswer.file_sha256, ConsultationAnswer.file_name)
    for answer in session.exec(answers.where(col(ConsultationAnswer.file_sha256) != "").order_by(col(ConsultationAnswer.id))):
        yield Kept(*answer)
    notes = select(RoundMessage.message_id, RoundMessage.file_sha256, RoundMessage.file_name)
    for note in session.exec(notes.where(col(RoundMessage.file_sha256) != "").order_by(col(RoundMessage.message_id))):
        yield Kept(*note)
    for file in session.exec(select(ReceivedFile.id, ReceivedFile.sha256, ReceivedFile.name).order_by(col(ReceivedFile.id))):
        yield Kept(*file)
