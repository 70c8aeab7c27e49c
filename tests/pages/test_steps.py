"""A step that is refused says why, also when the fault lies in something its form does not ask for."""

from tests.pages.site import Site, Visitor, words
from tests.pages.test_overview import elin, site
from tests.stores import begun, migrated_file, store

__all__ = ["begun", "elin", "migrated_file", "site", "store"]


def test_a_fault_without_a_field_on_the_form_is_said_as_what_hinders(site: Site, elin: Visitor) -> None:
    old = site.cast.karin.assignment
    form = elin.get(f"/kontakter/{old}/byte")
    assert 'name="authority"' not in form.text
    refused = elin.submit(form, "/byte", name="Nina Ny", email="nina.ny@falun.example", authority="rätt " * 200)
    assert refused.status_code == 422
    assert "Det här hindrar Texten är för lång" in words(refused)
    assert 'href="#authority"' not in refused.text
    assert 'value="Nina Ny"' in refused.text
