"""Brev: the texts of the mails, a region's own or ours, with what they may speak of, tried before they are saved."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.cases.letter_texts import change, letter_for, own_letters, restore, send_to_me, tried
from service.pages.rendering import Paths, render, see_other
from service.post.letters import CODE, LINK, NOT_EDITED, SAMPLES, SITE, Letter, needs, shown, templates
from service.post.letters import render as filled
from service.web import Typed, Visit, Visiting, permit
from states.access import Operation
from states.errors import FieldError, Invalid, Stale
from states.said import _

router = APIRouter(include_in_schema=False)

MEANING = {
    "antal": _("hur många det gäller"),
    "avsandare": _("vem hos regionen som skriver"),
    "dagordning": _("dagordningen"),
    "datum": _("dagen för mötet"),
    "dialog": _("dialogens namn"),
    "dnr": _("mottagarens diarienummer"),
    "fran": _("vem som har gjort något"),
    "kommun": _("kommunens namn"),
    "kontrollkod": _("textens kontrollkod"),
    "kvar": _("hur många som är kvar"),
    "motesdag": _("nämndens mötesdag"),
    "motivering": _("skälet som någon skrev"),
    "motpart": _("den andra parten"),
    "namn": _("mottagarens namn"),
    "namnd": _("nämnden"),
    "nytt_datum": _("det nya datumet"),
    "omrade": _("området"),
    "omraden": _("områdena, ett på varje rad"),
    "part": _("mottagarens organisation"),
    "period": _("perioden"),
    "plats": _("platsen"),
    "publik_lank": _("adressen på webben"),
    "region": _("regionens namn"),
    "slutdatum": _("sista dagen som överenskommelsen gäller"),
    "svarsdatum": _("sista svarsdag"),
    "telefon": _("telefon till den som skriver"),
    "tid": _("tiden för mötet"),
    "titel": _("undertecknarens titel"),
    "vad": _("vad koden är till för"),
    LINK: _("den personliga länken"),
    CODE: _("koden"),
    SITE: _("webbplatsens adress"),
}
"""What each place stands for; a test keeps it complete."""

_SAID = {
    "sparat": _("Brevet är sparat. Det gäller mejl som skrivs från och med nu."),
    "aterstallt": _("Brevet är återställt."),
    "prov": _("Testet är på väg till dig. Inget är sparat."),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the form shows: what is typed, how it would look, and what is wrong."""

    letter: Letter
    preview: Letter | None = None
    errors: Sequence[FieldError] = ()
    stale: bool = False
    said: str = ""


@router.get("/installningar/brev", name="letters")
@permit(Operation.edit_letters)
def listed(request: Request, visit: Visit) -> HTMLResponse:
    paths = Paths(request)
    with visit.read() as session:
        own = own_letters(session, visit.actor.organisation) if visit.actor.organisation else {}
    entries = [
        {
            "title": filled(name, SAMPLES, own).subject,
            "href": paths("letter", letter=name.value),
            "tone": "act" if name in own else "",
            "label": _("Egen text") if name in own else "",
        }
        for name in templates()
        if name not in NOT_EDITED
    ]
    return render(request, "settings/letters.html", entries=entries, where=visit.organisation)


@router.get("/installningar/brev/{letter}", name="letter")
@permit(Operation.edit_letters)
def ask(request: Request, visit: Visit, letter: str) -> HTMLResponse:
    with visit.read() as session:
        _name, stands, _version = letter_for(session, visit.actor, letter)
    return _page(request, visit, letter, Shown(stands, said=_SAID.get(request.query_params.get("klart", ""), "")))


@router.post("/installningar/brev/{letter}", name="letter_change")
@permit(Operation.edit_letters)
def save(request: Request, visit: Visit, letter: str, typed: Typed) -> Response:
    """Save, or only show how it would look, or mail it to the person who asks."""
    subject, body = typed.get("subject", ""), typed.get("body", "")
    with visit.read() as session:
        name = letter_for(session, visit.actor, letter)[0]
    try:
        if typed.get("visa"):
            return _page(request, visit, letter, Shown(Letter(subject, body), tried(name, subject, body)))
        if typed.get("prov"):
            with visit.write() as session:
                send_to_me(session, visit.actor, visit.now, visit.real_now, letter, subject, body)
            return _page(request, visit, letter, Shown(Letter(subject, body), tried(name, subject, body), said=_SAID["prov"]))
        with visit.write() as session:
            change(session, visit.actor, visit.now, letter, subject, body, visit.version(typed) or 0)
    except Invalid as refused:
        return _page(request, visit, letter, Shown(Letter(subject, body), errors=refused.fields))
    except Stale:
        return _page(request, visit, letter, Shown(Letter(subject, body), stale=True))
    return see_other(request, f"{Paths(request)('letter', letter=letter)}?klart=sparat")


@router.post("/installningar/brev/{letter}/aterstallning", name="letter_restoration")
@permit(Operation.edit_letters)
def go_back(request: Request, visit: Visit, letter: str) -> Response:
    with visit.write() as session:
        restore(session, visit.actor, visit.now, letter)
    return see_other(request, f"{Paths(request)('letter', letter=letter)}?klart=aterstallt")


def _page(request: Request, visit: Visiting, letter: str, what: Shown) -> HTMLResponse:
    with visit.read() as session:
        name, stands, version = letter_for(session, visit.actor, letter)
    preview = what.preview or (None if what.errors or what.stale else tried(name, stands.subject, stands.body))
    ours = templates()[name]
    return render(
        request,
        "settings/letter.html",
        status=412 if what.stale else 422 if what.errors else 200,
        letter=letter,
        heading=filled(name, SAMPLES).subject,
        typed=what.letter,
        version=version,
        own=bool(version),
        places=[(_in_braces(place), MEANING[place]) for place in sorted(needs(name))],
        marks=[(mark, MEANING[mark]) for mark in (LINK, CODE, SITE) if mark in ours.body],
        preview=_shown(preview, visit) if preview else None,
        unsaved=bool(what.preview or what.errors or what.stale),
        errors=what.errors,
        stale=what.stale,
        said=what.said,
        where=visit.organisation,
        key=visit.new_key(),
    )


def _in_braces(place: str) -> str:
    return f"{{{{ {place} }}}}"


def _shown(letter: Letter, visit: Visiting) -> dict[str, str]:
    return {
        "sender": visit.settings.smtp_sender,
        "to": SAMPLES["namn"],
        "date": _("när det skickas"),
        "subject": letter.subject,
        "body": shown(letter.body),
    }
