"""Who may do what: one matrix of role, relation and operation; which states allow it is the business of the rulebooks.

The use cases ask it, the routes name an operation of it, and the tests walk it.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from states.errors import NotYours
from states.parties import ADMINISTRATOR, CONTACT, RECORDERS, SIGNATORY, STAFF, STRATEGIST, Actor, OrganisationKind, Role


class Relation(StrEnum):
    """How the person who asks stands to the object: its region, one of its other parties, or the object is their own."""

    region = "region"
    party = "party"
    own = "own"


class Operation(StrEnum):
    """Everything a person can do, by the name that routes and tests use."""

    view_agreement = "view_agreement"
    view_programme = "view_programme"
    edit_programme = "edit_programme"
    create_agreements = "create_agreements"
    send_proposal = "send_proposal"
    answer = "answer"
    send_response = "send_response"
    retract = "retract"
    reopen = "reopen"
    propose_date = "propose_date"
    answer_date = "answer_date"
    plan_decision = "plan_decision"
    record_outcome = "record_outcome"
    plan_signing = "plan_signing"
    open_signing = "open_signing"
    sign = "sign"
    upload_signed_paper = "upload_signed_paper"
    verify_signed_paper = "verify_signed_paper"
    publish = "publish"
    decline = "decline"
    withdraw = "withdraw"
    resume = "resume"
    set_case_number = "set_case_number"
    view_contacts = "view_contacts"
    edit_contacts = "edit_contacts"
    view_tasks = "view_tasks"
    view_messages = "view_messages"
    edit_messages = "edit_messages"
    edit_reminders = "edit_reminders"
    edit_letters = "edit_letters"
    view_settings = "view_settings"
    run_schedules = "run_schedules"
    view_log = "view_log"
    edit_organisations = "edit_organisations"
    view_organisations = "view_organisations"
    view_dialogue = "view_dialogue"
    edit_dialogue = "edit_dialogue"
    reply_dialogue = "reply_dialogue"
    own_session = "own_session"
    public = "public"


_READERS = CONTACT | SIGNATORY | {Role.registrar, Role.reader}
_EVERYBODY = frozenset(Role) - {Role.flow}


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of the matrix."""

    operation: Operation
    roles: frozenset[Role]
    relations: frozenset[Relation]


def _grant(
    operation: Operation, *, region: frozenset[Role] = frozenset(), party: frozenset[Role] = frozenset()
) -> tuple[Grant, ...]:
    lines = ((region, Relation.region), (party, Relation.party))
    return tuple(Grant(operation, roles, frozenset({relation})) for roles, relation in lines if roles)


GRANTS: tuple[Grant, ...] = (
    *_grant(Operation.view_agreement, region=STAFF | SIGNATORY, party=_READERS),
    *_grant(Operation.view_programme, region=STAFF),
    *_grant(Operation.edit_programme, region=STRATEGIST | ADMINISTRATOR),
    *_grant(Operation.create_agreements, region=STRATEGIST),
    *_grant(Operation.send_proposal, region=STRATEGIST),
    *_grant(Operation.answer, region=STRATEGIST, party=CONTACT),
    *_grant(Operation.send_response, region=STRATEGIST, party=CONTACT),
    *_grant(Operation.retract, region=STRATEGIST, party=CONTACT),
    *_grant(Operation.reopen, region=STRATEGIST, party=CONTACT),
    *_grant(Operation.propose_date, party=CONTACT),
    *_grant(Operation.answer_date, region=STRATEGIST),
    *_grant(Operation.plan_decision, region=STRATEGIST, party=CONTACT),
    *_grant(Operation.record_outcome, region=RECORDERS, party=CONTACT | {Role.registrar}),
    *_grant(Operation.plan_signing, region=STRATEGIST, party=CONTACT),
    *_grant(Operation.open_signing, region=STRATEGIST),
    *_grant(Operation.sign, region=SIGNATORY, party=SIGNATORY),
    *_grant(Operation.upload_signed_paper, region=STRATEGIST | {Role.registrar}, party=CONTACT | {Role.registrar}),
    *_grant(Operation.verify_signed_paper, region=STAFF),
    *_grant(Operation.publish, region=STRATEGIST),
    *_grant(Operation.decline, party=CONTACT),
    *_grant(Operation.withdraw, region=STRATEGIST),
    *_grant(Operation.resume, region=STRATEGIST, party=CONTACT),
    *_grant(Operation.set_case_number, region=STRATEGIST | {Role.registrar}, party=CONTACT | {Role.registrar}),
    *_grant(Operation.view_contacts, region=STAFF, party=CONTACT),
    *_grant(Operation.edit_contacts, region=STRATEGIST | ADMINISTRATOR, party=CONTACT),
    *_grant(Operation.view_tasks, region=STRATEGIST),
    *_grant(Operation.view_messages, region=STRATEGIST | ADMINISTRATOR),
    *_grant(Operation.edit_messages, region=STRATEGIST),
    *_grant(Operation.edit_reminders, region=STRATEGIST),
    *_grant(Operation.edit_letters, region=STRATEGIST | ADMINISTRATOR),
    *_grant(Operation.view_settings, region=STRATEGIST | ADMINISTRATOR),
    *_grant(Operation.run_schedules, region=STRATEGIST | ADMINISTRATOR),
    *_grant(Operation.view_log, region=ADMINISTRATOR | {Role.registrar} | STRATEGIST),
    *_grant(Operation.edit_organisations, region=ADMINISTRATOR | STRATEGIST),
    *_grant(Operation.view_organisations, region=_EVERYBODY, party=_EVERYBODY),
    *_grant(Operation.view_dialogue, region=STAFF | SIGNATORY),
    Grant(Operation.view_dialogue, _EVERYBODY, frozenset({Relation.own})),
    *_grant(Operation.edit_dialogue, region=STRATEGIST),
    *_grant(Operation.reply_dialogue, region=STRATEGIST),
    Grant(Operation.reply_dialogue, _EVERYBODY, frozenset({Relation.own})),
    Grant(Operation.own_session, _EVERYBODY, frozenset({Relation.own})),
)
"""`public` has no line: it needs nobody. Contacts act for the party of their assignment only."""

_ALLOWED = frozenset((g.operation, role, relation) for g in GRANTS for role in g.roles for relation in g.relations)


def may(operation: Operation, role: Role, relation: Relation) -> bool:
    """Whether a role in a relation may try an operation at all; the state and the guards still have their say."""
    return operation is Operation.public or role is Role.flow or (operation, role, relation) in _ALLOWED


@cache
def allowed(role: Role, relation: Relation) -> frozenset[Operation]:
    """Every operation a role in a relation may try."""
    return frozenset(operation for operation in Operation if may(operation, role, relation))


def may_somewhere(operation: Operation, actor: Actor) -> bool:
    """Whether a person may try an operation on any object at all: only a region's people stand to one as its region."""
    relations = set(Relation) if actor.kind is OrganisationKind.region else {Relation.party, Relation.own}
    return any(may(operation, actor.role, relation) for relation in relations)


def require(operation: Operation, role: Role, relation: Relation) -> None:
    """Raise NotYours unless the matrix allows it."""
    if not may(operation, role, relation):
        raise NotYours
