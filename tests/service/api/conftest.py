"""One running service for all tests of the API, a store of its own for each of them, and the people who use it most."""

from collections.abc import Iterator

import httpx
import pytest

from service.settings import Settings
from service.store.session import Store
from tests.browser import serving
from tests.pages.site import Site, application
from tests.service.api.client import Served, api, behind
from tests.stores import Begun


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    settings, nobodys = Settings(data_dir=folder), Store(f"sqlite:///{folder / 'nobodys.sqlite3'}")
    app = application(nobodys, settings)
    with serving(app) as url:
        yield Served(url, app, settings)
    nobodys.close()


@pytest.fixture
def site(served: Served, store: Store, begun: Begun) -> Iterator[Site]:
    begun.laid_in(store)
    with behind(served, store, begun.cast, begun.agreement) as there:
        yield there


@pytest.fixture
def elin(site: Site) -> httpx.Client:
    return api(site, site.cast.elin)


@pytest.fixture
def karin(site: Site) -> httpx.Client:
    return api(site, site.cast.karin)
