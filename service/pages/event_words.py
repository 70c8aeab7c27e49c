"""The history in words: one Swedish sentence per kind of event, from what its payload says."""

from collections.abc import Mapping
from datetime import date

from states.agreement import Event
from states.deadlines import spoken
from states.labels import label
from states.parties import Role

_SENTENCES = {
    "create_programme": "Planen {name} skapades med {areas} områden.",
    "add_area": "Området {title} lades till i planen.",
    "reword_area": "Området {title} fick en ny text i planen, version {version}.",
    "create": "Ett utkast skapades för {party} med {clauses} områden.",
    "send_proposal": "Förslaget skickades. Svar önskas {due}.",
    "send_response": "{party} skickade svar på {answers} områden.",
    "recall_response": "{party} tog tillbaka sitt svar.",
    "retract": "{party} tog tillbaka sitt förslag i ett område.",
    "settle": "Parterna är överens. Texten frystes.",
    "reopen": "{party} öppnade ett område igen. {reason}",
    "reopen_clause": "{party} öppnade ett område igen. {reason}",
    "plan_decision": "{party} angav hur de beslutar: {body}.",
    "request_decision": "Beslut begärdes.",
    "send_papers": "{party} skickade handlingarna till {body}.",
    "decision_approved": "{body}, {party}, beslutade bifall. {paragraph}",
    "approve": "Alla beslut är fattade. Underskrifter begärdes.",
    "refer_back": "{party} återremitterade ärendet. {reason}",
    "reject": "{party} avslog. {reason}",
    "table": "{party} bordlade ärendet. {reason}",
    "plan_signing": "{party} angav vilka som skriver under: {titles}.",
    "open_signing": "Underskrifter begärdes.",
    "sign": "{party} skrev under: {title}.",
    "upload_signed_paper": "{party} lämnade in ett underskrivet papper: {title}.",
    "reject_signed_paper": "Ett underskrivet papper godtogs inte: {title}. {reason}",
    "complete": "Alla har skrivit under.",
    "refuse": "{party} skrev inte under. {reason}",
    "decline": "Kommunen tackade nej. {reason}",
    "withdraw": "Regionen drog tillbaka förslaget. {reason}",
    "resume": "Förhandlingen togs upp igen.",
    "redraft": "Överenskommelsen blev ett utkast igen.",
    "publish": "Överenskommelsen publicerades.",
    "unpublish": "Publiceringen togs bort. {reason}",
    "propose_date": "{party} föreslog {day} som sista svarsdag.",
    "answer_date": "Regionen svarade på datumförslaget. Sista svarsdag är {due}.",
    "change_due": "Regionen ändrade sista svarsdag till {due}.",
    "set_case_number": "{party} angav sitt diarienummer: {number}.",
    "replace_signatory": "{party} bytte undertecknare: {title}.",
    "pause": "Påminnelserna pausades för {party}. Kontaktperson saknas.",
    "unpause": "Påminnelserna är igång igen för {party}.",
    "assign": "En person fick en roll för {organisation}: {role}.",
    "end_contact": "Ett uppdrag avslutades för {organisation}: {role}.",
    "block_contact": "En person spärrades.",
    "unblock_contact": "En spärr hävdes.",
    "close_task": "En uppgift blev klar. {note}",
    "set_password": "Ett lösenord byttes.",
    "hold_message": "Ett mejl hölls kvar.",
    "release_message": "Ett mejl släpptes.",
    "resend_message": "Ett mejl skickades igen.",
    "restore": "Säkerhetskopian från {created} lästes in. {held} mejl hölls kvar.",
    "report_flaw": "En brist i tillgängligheten rapporterades.",
}

KINDS = {
    "create": "Utkast skapade",
    "send_proposal": "Förslag skickade",
    "send_response": "Svar skickade",
    "settle": "Överens",
    "reopen": "Öppnade igen",
    "approve": "Beslut",
    "sign": "Underskrifter",
    "complete": "Undertecknade",
    "decline": "Tackat nej",
    "publish": "Publicerade",
    "change_due": "Ändrade svarsdagar",
    "assign": "Nya uppdrag",
    "end_contact": "Avslutade uppdrag",
}
"""What the list can be narrowed to."""


class _Told(dict[str, str]):
    """The payload for a sentence; what it does not say is left out."""

    def __missing__(self, key: str) -> str:
        return ""


def sentence(kind: str, payload: Mapping[str, object]) -> str:
    """What happened, as one or two sentences; a kind nobody has words for shows its label or its name."""
    words = _SENTENCES.get(kind)
    if words is None:
        return f"{label(Event(kind))}." if kind in set(Event) else f"{kind.replace('_', ' ').capitalize()}."
    if kind == "close_task" and payload.get("put_off") not in (None, "None"):
        words = "En uppgift sköts upp. {note}"
    return (
        words.format_map(_Told({key: _said(key, value) for key, value in payload.items()}))
        .strip()
        .replace(" 1 områden", " ett område")
    )


def _said(key: str, value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if key == "role" and value in set(Role):
        return label(Role(str(value))).lower()
    if key in ("due", "day"):
        return _day(str(value))
    return str(value)


def _day(value: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return "utan datum"
    return f"{spoken(day)} {day.year}"
