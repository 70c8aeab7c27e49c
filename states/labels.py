"""What people read for every state and kind, in Swedish, per audience where the audiences differ."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from states import agreement, clause, decision, dialogue, message, rhythm, slot
from states.deadlines import spoken
from states.parties import OrganisationKind, Role
from states.said import Said, _


class Audience(StrEnum):
    """Who reads: the region, the party whose agreement it is, anybody."""

    region = "region"
    own = "own"
    public = "public"


NOT_YET = _("Ännu ingen överenskommelse")
"""All that anybody outside sees until something signed is published, declined offers included."""

_TURN: dict[frozenset[str], tuple[Said, Said]] = {
    frozenset({"municipality"}): (_("Hos kommunen"), _("Väntar på er")),
    frozenset({"region"}): (_("Hos regionen"), _("Hos regionen")),
    frozenset({"region", "municipality"}): (_("Hos båda"), _("Väntar på er och regionen")),
}

_AGREEMENT: dict[agreement.State, tuple[Said, Said | None]] = {
    agreement.State.draft: (_("Utkast"), None),
    agreement.State.agreed: (_("Överens"), _("Vi är överens")),
    agreement.State.deciding: (_("Hos nämnden"), _("Hos er nämnd")),
    agreement.State.signing: (_("För underskrift"), _("För underskrift")),
    agreement.State.signed: (_("Undertecknad"), _("Undertecknad")),
    agreement.State.declined: (_("Avböjd"), _("Ni har tackat nej")),
    agreement.State.withdrawn: (_("Återkallad"), _("Regionen har dragit tillbaka förslaget")),
    agreement.State.terminated: (_("Uppsagd"), _("Uppsagd")),
    agreement.State.expired: (_("Upphörd"), _("Har upphört")),
    agreement.State.superseded: (_("Ersatt"), _("Ersatt")),
}
"""What the region and the own party see; negotiating is missing because it depends on whose turn it is."""

_PUBLISHED: dict[agreement.State, tuple[Said, Said]] = {
    agreement.State.signed: (_("Gäller"), _("Gäller från {day}")),
    agreement.State.terminated: (_("Uppsagd"), _("Uppsagd, upphör {day}")),
    agreement.State.expired: (_("Har upphört"), _("Har upphört")),
    agreement.State.superseded: (_("Ersatt av en nyare"), _("Ersatt av en nyare")),
}
"""What anybody sees of a published agreement, without and with a day still to come."""


def agreement_label(
    state: agreement.State, waiting_on: frozenset[str], audience: Audience, *, published: bool = True, day: date | None = None
) -> Said | None:
    """The label of an agreement; None where the audience is not shown it.

    `waiting_on` holds kinds of parties; all but "region" read as a municipality, and nobody (every area left out) as the region.
    `published` and `day` (when it starts to be in force, or ends, if that is still to come) matter to the public only.
    """
    if audience is Audience.public:
        return _public(state, published, day)
    if state is agreement.State.negotiating:
        turn = frozenset(kind if kind == "region" else "municipality" for kind in waiting_on)
        return _TURN[turn or frozenset({"region"})][audience is Audience.own]
    return _AGREEMENT[state][audience is Audience.own]


def _public(state: agreement.State, published: bool, day: date | None) -> Said:
    if not published or state not in _PUBLISHED:
        return NOT_YET
    now, later = _PUBLISHED[state]
    return later.filling(day=f"{spoken(day)} {day.year}") if day else now


def label(value: StrEnum) -> Said:
    """The label of any value that reads the same for all who may see it."""
    return LABELS[type(value)][value]


LABELS: Mapping[type[StrEnum], Mapping[StrEnum, Said]] = {
    clause.State: {
        clause.State.proposed: _("Föreslaget"),
        clause.State.countered: _("Ny text föreslagen"),
        clause.State.agreed: _("Överens"),
        clause.State.excluded: _("Ingår inte"),
        clause.State.withdrawn: _("Indraget av regionen"),
    },
    clause.Command: {
        clause.Command.accept: _("Godta texten"),
        clause.Command.counter: _("Skriv om texten"),
        clause.Command.exclude: _("Ta bort området"),
        clause.Command.propose_again: _("Föreslå området igen"),
        clause.Command.retract: _("Ta tillbaka förslaget"),
        clause.Command.reopen: _("Öppna igen"),
        clause.Command.dissent: _("Ta tillbaka ställningstagandet"),
        clause.Command.withdraw_area: _("Dra in området"),
    },
    clause.StanceKind: {
        clause.StanceKind.accept: _("Godtar texten"),
        clause.StanceKind.exclude: _("Tar inte med området"),
        clause.StanceKind.withdraw: _("Har tagit tillbaka sitt svar"),
    },
    agreement.Event: {
        agreement.Event.send_proposal: _("Förslaget skickat"),
        agreement.Event.send_response: _("Svar skickat"),
        agreement.Event.settle: _("Parterna är överens"),
        agreement.Event.request_decision: _("Beslut begärt"),
        agreement.Event.open_signing: _("Klart för underskrift"),
        agreement.Event.approve: _("Beslut: bifall"),
        agreement.Event.refer_back: _("Beslut: återremiss"),
        agreement.Event.reject: _("Beslut: avslag"),
        agreement.Event.table: _("Beslut: bordlagd"),
        agreement.Event.reopen: _("Öppnad igen"),
        agreement.Event.sign: _("En underskrift lämnad"),
        agreement.Event.complete: _("Undertecknad av alla"),
        agreement.Event.refuse: _("Underskrift nekad"),
        agreement.Event.decline: _("Tackat nej"),
        agreement.Event.withdraw: _("Förslaget tillbakadraget"),
        agreement.Event.resume: _("Återupptagen"),
        agreement.Event.redraft: _("Åter ett utkast"),
        agreement.Event.terminate: _("Uppsagd"),
        agreement.Event.expire: _("Har upphört"),
        agreement.Event.supersede: _("Ersatt av en nyare"),
    },
    decision.State: {
        decision.State.planned: _("Planerat"),
        decision.State.papers_sent: _("Handlingar skickade"),
        decision.State.decided: _("Beslutat"),
        decision.State.cancelled: _("Inställt"),
    },
    decision.Kind: {
        decision.Kind.resolution: _("Beslut"),
        decision.Kind.delegated: _("Delegationsbeslut"),
        decision.Kind.notice: _("Anmälan"),
        decision.Kind.information: _("Information"),
    },
    decision.Outcome: {
        decision.Outcome.approved: _("Bifall"),
        decision.Outcome.rejected: _("Avslag"),
        decision.Outcome.referred_back: _("Återremiss"),
        decision.Outcome.tabled: _("Bordlagd"),
    },
    slot.State: {
        slot.State.pending: _("Väntar"),
        slot.State.requested: _("Begärd"),
        slot.State.signed: _("Underskriven"),
        slot.State.refused: _("Nekad"),
        slot.State.expired: _("Tiden har gått ut"),
        slot.State.void: _("Gäller en äldre text"),
    },
    slot.Method: {
        slot.Method.code: _("Med kod"),
        slot.Method.paper: _("På papper"),
    },
    message.State: {
        message.State.queued: _("På väg"),
        message.State.sent: _("Skickat"),
        message.State.delivered: _("Framme"),
        message.State.bounced: _("Kom inte fram"),
        message.State.failed: _("Kunde inte skickas"),
        message.State.suppressed: _("Stoppat"),
    },
    dialogue.State: {
        dialogue.State.draft: _("Utkast"),
        dialogue.State.invited: _("Inbjudan skickad"),
        dialogue.State.rsvp_closed: _("Anmälan stängd"),
        dialogue.State.held: _("Genomförd"),
        dialogue.State.summarised: _("Sammanfattad"),
        dialogue.State.closed: _("Avslutad"),
        dialogue.State.cancelled: _("Inställd"),
    },
    dialogue.Kind: {
        dialogue.Kind.dialogue: _("Regional dialog"),
        dialogue.Kind.sector: _("Dialog inom ett område"),
        dialogue.Kind.visit: _("Besök hos en kommun"),
        dialogue.Kind.forum: _("Årligt forum"),
        dialogue.Kind.consultation: _("Remiss"),
    },
    dialogue.MeetingStatus: {
        dialogue.MeetingStatus.scheduled: _("Planerat"),
        dialogue.MeetingStatus.held: _("Genomfört"),
        dialogue.MeetingStatus.cancelled: _("Inställt"),
    },
    dialogue.Reply: {
        dialogue.Reply.yes: _("Kommer"),
        dialogue.Reply.remote: _("Deltar på distans"),
        dialogue.Reply.no: _("Kommer inte"),
    },
    dialogue.FindingKind: {
        dialogue.FindingKind.opportunity: _("Möjlighet"),
        dialogue.FindingKind.obstacle: _("Hinder"),
        dialogue.FindingKind.need: _("Behov"),
        dialogue.FindingKind.priority: _("Prioritering"),
    },
    dialogue.SizeClass: {
        dialogue.SizeClass.small: _("Under 10 000 invånare"),
        dialogue.SizeClass.medium: _("10 000–29 999 invånare"),
        dialogue.SizeClass.large: _("30 000–99 999 invånare"),
        dialogue.SizeClass.largest: _("100 000 invånare eller fler"),
    },
    rhythm.Every: {
        rhythm.Every.year: _("Varje år"),
        rhythm.Every.half_year: _("Varje halvår"),
        rhythm.Every.quarter: _("Varje kvartal"),
        rhythm.Every.month: _("Varje månad"),
    },
    Role: {
        Role.strategist: _("Samverkansstrateg"),
        Role.administrator: _("Administratör"),
        Role.registrar: _("Registrator"),
        Role.main: _("Kontaktperson"),
        Role.deputy: _("Ersättare för kontaktpersonen"),
        Role.signatory: _("Undertecknare"),
        Role.reader: _("Läsare"),
        Role.guest: _("Gäst i en dialog"),
        Role.flow: _("Överens"),
    },
    OrganisationKind: {
        OrganisationKind.region: _("Region"),
        OrganisationKind.municipality: _("Kommun"),
        OrganisationKind.federation: _("Kommunalförbund"),
        OrganisationKind.institution: _("Institution"),
        OrganisationKind.folk_high_school: _("Folkhögskola"),
        OrganisationKind.association: _("Förening"),
        OrganisationKind.authority: _("Myndighet"),
        OrganisationKind.company: _("Företag"),
    },
}
