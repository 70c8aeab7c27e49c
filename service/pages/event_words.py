"""The history in words: one sentence per kind of event, from what its payload says."""

from collections.abc import Mapping
from datetime import date
from string import Formatter

from states.agreement import Event
from states.deadlines import spoken
from states.labels import label
from states.parties import Role
from states.said import Said, _, ngettext

_SENTENCES = {
    "create_programme": ngettext("Planen {name} skapades med ett område.", "Planen {name} skapades med {count} områden."),
    "create": ngettext("Ett utkast skapades för {party} med ett område.", "Ett utkast skapades för {party} med {count} områden."),
    "send_response": ngettext("{party} skickade svar på ett område.", "{party} skickade svar på {count} områden."),
    "add_area": _("Området {title} lades till i planen."),
    "reword_area": _("Området {title} fick en ny text i planen, version {version}."),
    "send_proposal": _("Förslaget skickades. Svar önskas {due}."),
    "recall_response": _("{party} tog tillbaka sitt svar."),
    "retract": _("{party} tog tillbaka sitt förslag i ett område."),
    "settle": _("Parterna är överens. Texten frystes."),
    "reopen": _("{party} öppnade ett område igen. {reason}"),
    "reopen_clause": _("{party} öppnade ett område igen. {reason}"),
    "plan_decision": _("{party} angav hur de beslutar: {body}."),
    "request_decision": _("Beslut begärdes."),
    "send_papers": _("{party} skickade handlingarna till {body}."),
    "decision_approved": _("{body}, {party}, beslutade bifall. {paragraph}"),
    "report_decision": _("{party} anmälde delegationsbeslutet. {paragraph}"),
    "change_reminders": _("Påminnelserna ändrades för {name}."),
    "override_reminders": _("Påminnelserna ändrades för överenskommelsen."),
    "confirm_contact": _("En kontaktperson bekräftade sitt uppdrag."),
    "approve": _("Alla beslut är fattade. Underskrifter begärdes."),
    "refer_back": _("{party} återremitterade ärendet. {reason}"),
    "reject": _("{party} avslog. {reason}"),
    "table": _("{party} bordlade ärendet. {reason}"),
    "plan_signing": _("{party} angav vilka som skriver under: {titles}."),
    "open_signing": _("Underskrifter begärdes."),
    "sign": _("{party} skrev under: {title}."),
    "upload_signed_paper": _("{party} lämnade in ett underskrivet papper: {title}."),
    "reject_signed_paper": _("Ett underskrivet papper godtogs inte: {title}. {reason}"),
    "complete": _("Alla har skrivit under."),
    "refuse": _("{party} skrev inte under. {reason}"),
    "decline": _("Kommunen tackade nej. {reason}"),
    "withdraw": _("Regionen drog tillbaka förslaget. {reason}"),
    "resume": _("Förhandlingen togs upp igen."),
    "redraft": _("Överenskommelsen blev ett utkast igen."),
    "publish": _("Överenskommelsen publicerades."),
    "unpublish": _("Publiceringen togs bort. {reason}"),
    "propose_date": _("{party} föreslog {day} som sista svarsdag."),
    "answer_date": _("Regionen svarade på datumförslaget. Sista svarsdag är {due}."),
    "change_due": _("Regionen ändrade sista svarsdag till {due}."),
    "set_case_number": _("{party} angav sitt diarienummer: {number}."),
    "replace_signatory": _("{party} bytte undertecknare: {title}."),
    "pause": _("Påminnelserna pausades för {party}. Kontaktperson saknas."),
    "unpause": _("Påminnelserna är igång igen för {party}."),
    "assign": _("En person fick en roll för {organisation}: {role:lower}."),
    "end_contact": _("Ett uppdrag avslutades för {organisation}: {role:lower}."),
    "block_contact": _("En person spärrades."),
    "unblock_contact": _("En spärr hävdes."),
    "close_task": _("En uppgift blev klar. {note}"),
    "set_password": _("Ett lösenord byttes."),
    "dialogue_series": _("En serie dialoger skapades: {name}."),
    "dialogue_create": _("En dialog planerades: {title}."),
    "dialogue_change": _("Planen för en dialog ändrades: {title}."),
    "dialogue_invite": _("Inbjudningar skickades: {title}. Antal: {count}."),
    "dialogue_invite_more": _("Fler bjöds in: {title}. Antal: {count}."),
    "dialogue_reply": _("Ett svar på en inbjudan kom in: {title}."),
    "dialogue_guest": _("En kollega anmäldes i någons ställe: {title}."),
    "dialogue_guest_off": _("En kollega som skulle ha kommit i någons ställe avanmäldes."),
    "dialogue_close_rsvp": _("Anmälan stängdes: {title}."),
    "dialogue_reschedule": _("Ett möte flyttades till {day}: {title}. {reason}"),
    "dialogue_cancel_meeting": _("Ett möte ställdes in: {title}. {reason}"),
    "dialogue_cancel": _("En dialog ställdes in: {title}. {reason}"),
    "dialogue_attendance": _("Närvaron skrevs in: {title}."),
    "dialogue_hold": _("En dialog genomfördes: {title}."),
    "dialogue_finding": _("Ett inspel skrevs in: {title}."),
    "dialogue_link": _("Ett inspel kopplades till områden: {title}."),
    "dialogue_set_aside": _("Ett inspel lades åt sidan: {title}. {reason}"),
    "dialogue_action": _("En åtgärd skrevs in: {title}."),
    "dialogue_action_done": _("En åtgärd blev klar: {title}."),
    "dialogue_answer": _("Ett remissvar kom in från {organisation}: {title}."),
    "dialogue_summarise": _("Anteckningarna skickades ut: {title}."),
    "dialogue_comment": _("En synpunkt på anteckningarna kom in: {title}."),
    "dialogue_close": _("En dialog avslutades: {title}."),
    "hold_message": _("Ett mejl hölls kvar."),
    "release_message": _("Ett mejl släpptes."),
    "resend_message": _("Ett mejl skickades igen."),
    "change_letter": _("Ett brev fick en egen text."),
    "restore_letter": _("Ett brev fick tillbaka sin ursprungliga text."),
    "stop_digests": _("En person avstod från sammanfattningar."),
    "start_digests": _("En person vill ha sammanfattningar igen."),
    "receive_mail": _("Ett svar kom med mejl."),
    "file_mail": _("Ett mejl som hade kommit in lades på överenskommelsen."),
    "restore": _("Säkerhetskopian från {created} lästes in. Mejl som hölls kvar: {held}."),
    "report_flaw": _("En brist i tillgängligheten rapporterades."),
}

KINDS = {
    "create": _("Utkast skapade"),
    "send_proposal": _("Förslag skickade"),
    "send_response": _("Svar skickade"),
    "settle": _("Överens"),
    "reopen": _("Öppnade igen"),
    "approve": _("Beslut"),
    "sign": _("Underskrifter"),
    "complete": _("Undertecknade"),
    "decline": _("Tackat nej"),
    "publish": _("Publicerade"),
    "change_due": _("Ändrade svarsdagar"),
    "assign": _("Nya uppdrag"),
    "end_contact": _("Avslutade uppdrag"),
}
"""What the list can be narrowed to."""


_COUNTED = {"create_programme": "areas", "create": "clauses", "send_response": "answers"}
"""Events whose sentence names a number, with the entry of the payload it stands in."""


def sentence(kind: str, payload: Mapping[str, object]) -> Said:
    """What happened, as one or two sentences; a kind nobody has words for shows its label or its name."""
    words = _SENTENCES.get(kind)
    if words is None:
        return _("{event}.", event=label(Event(kind)) if kind in set(Event) else kind.replace("_", " ").capitalize())
    if kind == "close_task" and payload.get("put_off") not in (None, "None"):
        words = _("En uppgift sköts upp. {note}")
    values: dict[str, object] = dict.fromkeys((name for _text, name, *_rest in Formatter().parse(words.msgid) if name), "")
    values |= {key: _said(key, value) for key, value in payload.items()}
    values["count"] = payload.get(_COUNTED.get(kind, "count"), 0)
    return words.filling(**values)


def _said(key: str, value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if key == "role" and value in set(Role):
        return label(Role(str(value)))
    if key in ("due", "day"):
        return _day(str(value))
    return str(value)


def _day(value: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return _("utan datum")
    return f"{spoken(day)} {day.year}"
