"""Over several dialogues: what became of every point and every action, by year and sector, and the same as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.pages.language import language_of, say
from service.pages.matrix import safe
from service.pages.rendering import NavLink, Paths, date_short, render
from service.store.dialogues import Became, Listed, Promised, became, promised, rounds_of, turnouts
from service.web import Visit, Visiting, permit
from states import dialogue as rule
from states.access import Operation
from states.calendar import civil
from states.dialogue import Kind
from states.labels import label
from states.said import Said, _, joined, ngettext

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rounds that a choice of year, sector and kind leaves, and what came of them."""

    rounds: Sequence[Listed]
    findings: Sequence[Became]
    actions: Sequence[Promised]
    coverage: Sequence[tuple[Listed, rule.Coverage]]


@router.get("/dialoger/uppfoljning", name="dialogue_follow_up")
@permit(Operation.view_dialogue)
def follow_up(request: Request, visit: Visit) -> Response:
    every, found = _outcome(request, visit)
    paths, today = Paths(request), civil(visit.now)
    years = sorted({one.year for one in every}, reverse=True)
    sectors = sorted({one.round.sector for one in every if one.round.sector})
    query = request.url.query
    return render(
        request,
        "dialogues/follow_up.html",
        where=visit.organisation,
        crumbs=[NavLink(_("Dialoger"), paths("dialogues"))],
        years=[("", _("Alla år")), *((str(year), str(year)) for year in years)],
        sectors=[("", _("Alla ämnen")), *((s, s) for s in sectors)],
        kinds=[("", _("Alla slag")), *((k.value, label(k)) for k in Kind)],
        chosen={name: request.query_params.get(name, "") for name in ("ar", "amne", "slag")},
        found=found,
        findings=[(one, finding_words(one)) for one in found.findings],
        actions=[(one, action_words(one, today)) for one in found.actions],
        sums=_sums(found, today),
        csv_path=paths("dialogue_follow_up_file") + (f"?{query}" if query else ""),
    )


@router.get("/dialoger/uppfoljning.csv", name="dialogue_follow_up_file")
@permit(Operation.view_dialogue)
def as_file(request: Request, visit: Visit) -> Response:
    """The same rows for a spreadsheet: points first, then actions."""
    _every, found = _outcome(request, visit)
    body = "\ufeff" + _csv(found, civil(visit.now), language_of(request))  # the mark makes spreadsheets read it as UTF-8
    headers = {"Content-Disposition": 'attachment; filename="dialoger.csv"', "Cache-Control": "no-store"}
    return Response(body.encode(), media_type="text/csv; charset=utf-8", headers=headers)


def finding_words(one: Became) -> tuple[str, Said]:
    """What became of a point: tone and words."""
    if one.led:
        agreements = {agreement for led in one.led for agreement, _name in led.clauses}
        if not agreements:
            return "ok", _("Ett samverkansområde")
        return "ok", ngettext("I en överenskommelse", "I {count} överenskommelser", len(agreements))
    if one.finding.set_aside_reason:
        return "out", _("Lagt åt sidan")
    return "act", _("Inte bestämt")


def action_words(one: Promised, today: date) -> tuple[str, Said]:
    """How far an action has come: tone and words."""
    if one.action.done_at is not None:
        return "ok", _("Klar {day}", day=date_short(civil(one.action.done_at)))
    if one.action.due is not None and one.action.due < today:
        return "late", _("Försenad")
    return "wait", _("Pågår")


def _outcome(request: Request, visit: Visiting) -> tuple[list[Listed], Outcome]:
    asked = request.query_params
    with visit.read() as session:
        every = rounds_of(session, visit.actor)
        wanted = [
            one
            for one in every
            if asked.get("ar", "") in ("", str(one.year))
            and asked.get("amne", "") in ("", one.round.sector)
            and asked.get("slag", "") in ("", one.round.kind.value)
        ]
        found = Outcome(wanted, became(session, wanted), promised(session, wanted), turnouts(session, wanted))
    return every, found


def _sums(found: Outcome, today: date) -> list[tuple[Said, str]]:
    """How many of each kind."""
    linked = sum(bool(one.led) for one in found.findings)
    aside = sum(bool(one.finding.set_aside_reason) for one in found.findings)
    done = sum(one.action.done_at is not None for one in found.actions)
    late = sum(action_words(one, today)[0] == "late" for one in found.actions)
    findings, actions = len(found.findings), len(found.actions)
    return [
        (_("Dialoger"), str(len(found.rounds))),
        (_("Inspel"), _("{all}, varav {linked} kopplade och {aside} lagda åt sidan", all=findings, linked=linked, aside=aside)),
        (_("Åtgärder"), _("{all}, varav {done} klara och {late} försenade", all=actions, done=done, late=late)),
    ]


def _csv(found: Outcome, today: date, language: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    heads = [
        _("Slag"),
        _("Dialog"),
        _("År"),
        _("Ämne"),
        _("Text"),
        _("Vem"),
        _("Dag"),
        _("Läge"),
        _("Leder till"),
        _("Skäl eller utfall"),
    ]
    rows: list[list[str]] = [[*heads], *map(_finding, found.findings), *(_action(one, today) for one in found.actions)]
    for line in rows:
        writer.writerow([safe(say(value, language)) for value in line])
    return out.getvalue()


def _of(one: Listed) -> list[str]:
    return [one.round.title, str(one.year), one.round.sector]


def _finding(one: Became) -> list[str]:
    led = joined(", ", [part for area in one.led for part in (area.title, *(name for _id, name in area.clauses))])
    row = one.finding
    return [label(row.kind), *_of(one.listed), row.text, one.organisation, "", finding_words(one)[1], led, row.set_aside_reason]


def _action(one: Promised, today: date) -> list[str]:
    due = one.action.due.isoformat() if one.action.due else ""
    said = action_words(one, today)[1]
    return [_("Åtgärd"), *_of(one.listed), one.action.text, one.owner, due, said, "", one.action.outcome]
