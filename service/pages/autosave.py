"""Saving what is being typed, again and again: the answer is one line for the form and what its next save must carry."""

from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from service.cases.respond import Draft, save_answer
from service.pages.rendering import render
from service.web import Visit
from states.errors import Blocked, Invalid, NotAllowed, Stale

_WHY_NOT: dict[type[Exception], int] = {Invalid: 422, Blocked: 409, NotAllowed: 409, Stale: 412}


def autosaved(
    request: Request, visit: Visit, agreement_id: UUID, draft: Draft, answer: UUID | None, version: int | None
) -> Response:
    """Save the draft, not yet to be sent, and say when; a refusal is told in the same place, and the page with its text stays."""
    try:
        with visit.write() as session:
            row = save_answer(
                session, visit.actor, visit.now, agreement_id, draft, answer=answer, answer_version=version, finished=False
            )
            answer, version = row.id, row.version
    except tuple(_WHY_NOT) as refused:
        return render(request, "negotiation/saved.html", status=_WHY_NOT[type(refused)], why=refused)
    return render(request, "negotiation/saved.html", at=visit.now, answer=answer, version=version)
