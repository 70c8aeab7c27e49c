"""Beslut och underskrift without a script: every step from agreed to published, each refusal with why; strangers see nothing."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select

from service.cases.deliver import text_with_secrets
from service.cases.documents import finish_signed
from service.cases.opening import slots_of, steps_of
from service.settings import Settings
from service.store.files import Files
from service.store.session import Store
from service.store.tables import Message
from states.parties import Actor
from tests.browser import CERTIFICATES
from tests.pages.site import TODAY, Site, Visitor, running, words
from tests.service.cases.life import PDF, Case, agree, ask_board, open_for_signing, plan_signing, propose, sign_as
from tests.stores import Begun, begun, migrated_file, store

__all__ = ["begun", "migrated_file", "store"]


@pytest.fixture
def site(store: Store, begun: Begun, tmp_path: Path) -> Iterator[Site]:
    with running(store, Settings(data_dir=tmp_path), begun) as served:
        yield served


@pytest.fixture
def case(site: Site) -> Case:
    return Case(site.store, site.cast, site.agreement, Files(site.settings.files_dir))


@pytest.fixture
def agreed(case: Case) -> Case:
    return agree(propose(case))


@pytest.fixture
def deciding(agreed: Case) -> Case:
    plan_signing(agreed)
    ask_board(agreed)
    return agreed


@pytest.fixture
def open_(case: Case) -> Case:
    return open_for_signing(case)


def page_of(site: Site) -> str:
    return f"{site.path}/beslut"


def party(case: Case, actor: Actor) -> UUID:
    with case.store.read() as session:
        return case.standing(session).party_of(actor).id


def place(case: Case, actor: Actor) -> UUID:
    with case.store.read() as session:
        return next(s.id for s in slots_of(session, case.id) if s.assignment_id == actor.assignment)


def code(site: Site, actor: Actor) -> str:
    """The newest code in the person's mail."""
    with site.store.read() as session:
        mail = session.exec(
            select(Message)
            .where(Message.assignment_id == actor.assignment, Message.purpose == "step_up_code")
            .order_by(col(Message.id).desc())
        ).first()
        assert mail is not None
        text = text_with_secrets(session, site.settings.secret_keys, mail, site.url, TODAY)
    found = re.search(r"(?m)^\s*([0-9A-Z]{4}[- ]?[0-9A-Z]{4})\s*$", text)
    assert found is not None, text
    return found[1]


def upload(site: Site, actor: Actor, slot: UUID, data: bytes, **typed: str) -> httpx.Response:
    name, value = site.cookie(actor)
    with httpx.Client(
        base_url=site.url, cookies={name: value}, headers={"Origin": site.url}, follow_redirects=True, verify=CERTIFICATES
    ) as client:
        return client.post(
            f"{site.path}/underskrifter/{slot}/papper", data=typed, files={"scan": ("skanning.pdf", data, "application/pdf")}
        )


def control_code(page: httpx.Response) -> str:
    found = re.search(r'name="control_code" value="([0-9a-f]{64})"', page.text)
    assert found is not None
    return found[1]


def test_the_page_says_what_is_missing_and_gives_the_word_file(site: Site, agreed: Case) -> None:
    page = site.visitor(site.cast.elin).get(page_of(site))
    assert page.status_code == 200
    assert "Ingen har angett vem som beslutar" in words(page)
    assert "Falu kommun har inte angett vem som skriver under" in words(page)
    file = site.visitor(site.cast.karin).get(f"{site.path}/fil")
    assert file.content[:2] == b"PK"
    assert file.headers["content-disposition"].startswith("attachment; filename*=UTF-8''overenskommelse-falun")
    assert file.headers["x-content-type-options"] == "nosniff"


def test_a_contact_plans_the_decision_and_asks_for_it(site: Site, agreed: Case) -> None:
    karin = site.visitor(site.cast.karin)
    path = f"{page_of(site)}/{party(agreed, site.cast.karin)}"
    refused = karin.submit(karin.get(path), path, kind="resolution", body="", meeting_on="2027-10-13", papers_due="2027-10-20")
    assert refused.status_code == 422
    assert "Sista dag för handlingar ligger efter mötet." in words(refused)
    assert 'value="2027-10-20"' in refused.text
    done = karin.submit(refused, path, kind="resolution", body="Kulturnämnden", papers_due="2027-09-29")
    assert "onsdag 13 oktober 2027" in words(done)
    asked = karin.submit(done, "/beslutsbegaran")
    assert "Beslutet är begärt" in words(asked)
    own = "Nu är det er nämnd som beslutar. Kulturnämnden möts onsdag 13 oktober 2027. Handlingarna ska vara inne"
    assert own in words(asked)
    assert "Beslut väntas från Falu kommun." in words(site.visitor(site.cast.elin).get(page_of(site)))
    sent = karin.submit(asked, "/handlingar")
    assert "Handlingar skickade" in words(sent)
    assert agreed.state() == "deciding"


def test_an_approval_needs_its_paragraph_and_opens_the_signing(site: Site, deciding: Case) -> None:
    karin = site.visitor(site.cast.karin)
    path = _outcome(site, deciding)
    form = karin.get(path)
    refused = karin.submit(form, path, outcome="approved", decided_on="2027-09-01", paragraph="")
    assert refused.status_code == 422
    assert "Ange paragrafen i protokollet" in words(refused)
    done = karin.submit(refused, path, outcome="approved", decided_on="2027-09-01", paragraph="§ 47")
    assert "Underskrift väntas från" in words(done)
    assert deciding.state() == "signing"


def test_a_referral_names_areas_and_needs_a_reason(site: Site, deciding: Case) -> None:
    karin = site.visitor(site.cast.karin)
    path = _outcome(site, deciding)
    form = karin.get(path)
    refused = karin.submit(form, path, outcome="referred_back", decided_on="2027-09-01")
    assert (refused.status_code, deciding.state()) == (422, "deciding")
    assert "Skriv varför" in words(refused)
    karin.submit(refused, path, outcome="referred_back", decided_on="2027-09-01", reason="För dyrt.")
    assert deciding.state() == "negotiating"


def test_a_tabled_matter_gets_its_next_meeting(site: Site, deciding: Case) -> None:
    karin = site.visitor(site.cast.karin)
    path = _outcome(site, deciding)
    done = karin.submit(karin.get(path), path, outcome="tabled", reason="Sent inlämnat.", next_meeting="2027-10-13")
    assert "onsdag 13 oktober 2027" in words(done)
    assert deciding.state() == "deciding"


def test_a_party_names_its_signatory_and_a_new_one_without_leaving_the_page(site: Site, agreed: Case) -> None:
    karin = site.visitor(site.cast.karin)
    own = party(agreed, site.cast.karin)
    path = f"{site.path}/underskriftsplatser/{own}"
    form = karin.get(path)
    wrong = karin.submit(form, f"/undertecknare/{own}", name="Ida Ny", email="ida", title="kommunalråd")
    assert wrong.status_code == 422
    assert 'value="Ida Ny"' in wrong.text
    chosen = karin.submit(wrong, f"/undertecknare/{own}", name="Ida Ny", email="ida@falun.example", title="kommunalråd")
    assert "Ida Ny, kommunalråd" in words(chosen)
    ida = re.search(r'<option value="([^"]+)"[^>]*>Ida Ny', chosen.text)
    assert ida is not None
    typed = {"assignment_1": ida[1], "title_1": "kommunalråd", "position_1": "1"}
    refused = karin.submit(chosen, path, **{**typed, "title_1": ""})
    assert "Ange titeln som ska stå under namnet." in words(refused)
    assert "Ida Ny" in words(karin.submit(refused, path, **typed))


def test_without_a_required_decision_the_signing_opens_at_once(site: Site, agreed: Case) -> None:
    plan_signing(agreed)
    elin = site.visitor(site.cast.elin)
    opened = elin.submit(elin.get(page_of(site)), "/underskriftsbegaran")
    assert "Underskrifterna är begärda" in words(opened)
    assert "påminnelse" in words(elin.submit(opened, "/underskriftspaminnelser"))
    assert len(agreed.mails("reminder_signature")) == 2


def test_a_signatory_reads_gets_a_code_and_signs(site: Site, open_: Case) -> None:
    chair = site.visitor(site.cast.chair)
    assert "Nu är det din tur att skriva under" in words(chair.get(page_of(site)))
    path = f"{site.path}/underskrifter/{place(open_, site.cast.chair)}"
    text = chair.get(path)
    assert "Kultur och hälsa: w." in words(text)
    asked = chair.submit(text, "/kod")
    wrong = chair.submit(asked, path, code="AAAA-AAAA")
    assert wrong.status_code == 422
    assert "Kod" in words(wrong)
    done = chair.submit(wrong, path, code=code(site, site.cast.chair))
    assert "Tack. Din underskrift är lämnad." in words(done)
    assert "Med personlig kod" in words(done)


def test_a_signatory_says_no_with_a_reason(site: Site, open_: Case) -> None:
    chair = site.visitor(site.cast.chair)
    path = f"{site.path}/underskrifter/{place(open_, site.cast.chair)}/nej"
    refused = chair.submit(chair.get(path), path, reason="")
    assert refused.status_code == 422
    assert "Ditt nej är lämnat" in words(chair.submit(refused, path, reason="Vi har inte råd."))
    assert open_.state() == "negotiating"


def test_a_paper_counts_when_another_person_has_compared_it(site: Site, open_: Case) -> None:
    slot = place(open_, site.cast.chair)
    elin, joar = site.visitor(site.cast.elin), site.visitor(site.cast.joar)
    form = elin.get(f"{site.path}/underskrifter/{slot}/papper")
    typed = {"control_code": control_code(form), "signed_on": "2027-09-13"}
    assert "inte en PDF eller bild" in words(upload(site, site.cast.elin, slot, b"MZ nothing", **typed))
    kept = upload(site, site.cast.elin, slot, PDF, **typed)
    assert "Väntar på kontroll" in words(kept)
    assert "/kontroller/" not in kept.text
    assert "väntar på regionens kontroll: Anna Borg (Falu kommun)" in words(kept)
    check = re.search(r'href="([^"]+/kontroller/[^"]+)"', joar.get(page_of(site)).text)
    assert check is not None
    scan = re.search(r'href="(/filer/[0-9a-f]{64})"', joar.get(check[1]).text)
    assert scan is not None
    assert joar.get(scan[1]).content == PDF
    assert site.visitor(site.cast.hanna).get(scan[1]).status_code == 404
    nothing = joar.submit(joar.get(check[1]), check[1], holds="")
    assert "Välj om pappret stämmer" in words(nothing)
    assert joar.submit(nothing, check[1], holds="no").status_code == 422
    assert "Underskriften räknas" in words(joar.submit(nothing, check[1], holds="yes"))


def test_the_signed_agreement_is_published_and_taken_down_with_a_reason(site: Site, open_: Case) -> None:
    for actor in (site.cast.torun, site.cast.chair):
        sign_as(open_, actor)
    elin = site.visitor(site.cast.elin)
    early = elin.get(page_of(site))
    assert "görs i ordning" in words(early)
    with site.store.write() as session:
        assert finish_signed(session, open_.files, TODAY) == 1
    published = elin.submit(elin.get(page_of(site)), "/publicering")
    assert "publicerad" in words(published)
    address = re.search(r'href="(/publikt/[^"]+)"', published.text)
    assert address is not None
    assert httpx.get(site.url + address[1]).status_code == 200
    form = elin.get(f"{site.path}/avpublicering")
    assert elin.submit(form, "/avpublicering", reason="").status_code == 422
    elin.submit(form, "/avpublicering", reason="Fel bilaga.")
    gone = httpx.get(site.url + address[1])
    assert gone.status_code == 410
    assert "Fel bilaga." in gone.text


@pytest.mark.parametrize("who", ["hanna", "borlange_chair"])
def test_another_municipality_finds_nothing(site: Site, open_: Case, who: str) -> None:
    stranger: Visitor = site.visitor(getattr(site.cast, who))
    slot, own = place(open_, site.cast.chair), party(open_, site.cast.karin)
    for path in ("/beslut", f"/beslut/{own}", f"/underskriftsplatser/{own}", f"/underskrifter/{slot}", "/fil"):
        assert stranger.get(site.path + path).status_code in (403, 404)
    assert stranger.get(page_of(site)).status_code == 404


def test_a_contact_cannot_act_for_the_region(site: Site, agreed: Case) -> None:
    karin = site.visitor(site.cast.karin)
    region = party(agreed, site.cast.elin)
    assert karin.get(f"{page_of(site)}/{region}").status_code == 403
    assert karin.get(f"{site.path}/underskriftsplatser/{region}").status_code == 403
    assert karin.post(f"{site.path}/publicering").status_code == 403


def _outcome(site: Site, case: Case) -> str:
    with case.store.read() as session:
        return f"{site.path}/beslutssteg/{steps_of(session, case.id)[0].id}/utfall"


def test_a_contact_names_another_signatory_and_nobody_else_can(site: Site, open_: Case) -> None:
    karin, slot = site.visitor(site.cast.karin), place(open_, site.cast.chair)
    path = f"{site.path}/underskrifter/{slot}/byte"
    assert f'href="{path}"' in unescape(karin.get(page_of(site)).text).replace(site.url, "")
    refused = karin.submit(karin.get(path), path, name="Vera Ersson", email="vera", title="vice ordförande")
    assert refused.status_code == 422
    assert "Skriv en hel e-postadress" in words(refused)
    assert 'value="Vera Ersson"' in refused.text
    done = karin.submit(refused, path, email="vera@falun.example")
    assert "Undertecknaren är bytt." in words(done)
    assert "Vera Ersson" in words(done)
    assert "Anna Borg" not in words(done)
    stale = karin.post(path, version="1", name="Siv", email="siv@falun.example", title="chef")
    assert stale.status_code == 412
    assert site.visitor(site.cast.chair).get(path).status_code == 403
    assert site.visitor(site.cast.hanna).get(path).status_code == 404
    regions = place(open_, site.cast.torun)
    assert karin.get(f"{site.path}/underskrifter/{regions}/byte").status_code == 403
    sign_as(open_, site.cast.torun)
    assert f"/underskrifter/{regions}/byte" not in site.visitor(site.cast.elin).get(page_of(site)).text
