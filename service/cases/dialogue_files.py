"""The file an organisation answers a consultation with: kept as it came, handed out to the region and to its own people."""

from uuid import UUID

from sqlmodel import Session

from service.cases.dialogue_findings import Received
from service.cases.documents import UPLOAD_MAX, WORD, File
from service.cases.wording import line
from service.store.dialogue import invitations_of
from service.store.dialogues import of_region
from service.store.files import Files
from service.store.tables import ConsultationAnswer, DialogueRound
from states.errors import FieldError, Invalid, NotFound, TooLarge
from states.parties import Actor

_KINDS = {".pdf": (b"%PDF-", "application/pdf"), ".docx": (b"PK\x03\x04", WORD)}
"""How a file of each kind begins; it is never opened here, only kept and handed out."""


def keep_answer(files: Files, text: str, name: str, data: bytes, case_number: str = "") -> Received:
    """A written answer with its file (PDF or Word, at most 10 MB) kept under its hash; without data there is only the text.

    The file is kept before the commit: under its own hash, it does no harm if the commit fails.
    """
    if not data:
        return Received(text, case_number=case_number)
    if len(data) > UPLOAD_MAX:
        raise TooLarge
    name = line(name, "file", limit=200)
    start, media_type = next((kind for end, kind in _KINDS.items() if name.lower().endswith(end)), (b"", ""))
    if not start or not data.startswith(start):
        raise Invalid(FieldError("file", "wrong-type", "Lämna svaret som PDF eller Word."))
    return Received(text, name, media_type, files.put(data), case_number)


def answer_file(session: Session, files: Files, actor: Actor, answer_id: UUID) -> File:
    """The file of an answer; NotFound for everybody but the region and the organisation that gave it."""
    answer = session.get(ConsultationAnswer, answer_id)
    if answer is None or not answer.file_sha256:
        raise NotFound
    row = session.get_one(DialogueRound, answer.round_id)
    theirs = answer.organisation_id == actor.organisation and bool(invitations_of(session, actor, row.id))
    if not theirs and not of_region(actor, row):
        raise NotFound
    return File(answer.file_name, answer.media_type, files.get(answer.file_sha256))
