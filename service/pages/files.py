"""Handing out files: the Word file of an agreement and what is kept under its hash, to those who may see the agreement."""

from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from service.cases import documents
from service.web import Visit, permit
from states.access import Operation
from states.errors import NotFound

router = APIRouter(include_in_schema=False)


@router.get("/overenskommelser/{agreement_id}/fil", name="documents")
@permit(Operation.view_agreement)
def word(visit: Visit, agreement_id: UUID) -> Response:
    """The text as it stands: the frozen one, else a draft."""
    with visit.read() as session:
        return download(documents.word_file(session, visit.actor, agreement_id))


@router.get("/filer/{sha256}", name="stored_file")
@permit(Operation.view_agreement)
def stored(visit: Visit, sha256: str) -> Response:
    if len(sha256) != 64:
        raise NotFound
    with visit.read() as session:
        return download(documents.stored_file(session, visit.files, visit.actor, sha256))


def download(file: documents.File, cache: str = "no-store") -> Response:
    """A file under its name; never shown in the page's own origin and never guessed to be something else."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": cache,
    }
    return Response(file.data, media_type=file.media_type, headers=headers)
