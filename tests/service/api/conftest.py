"""The running service for the tests of the API, and the people who use it most."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from service.store.session import Store
from tests.pages.site import Site, running
from tests.service.api.client import api


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Iterator[Site]:
    with running(store, Settings(data_dir=tmp_path)) as served:
        yield served


@pytest.fixture
def elin(site: Site) -> httpx.Client:
    return api(site, site.cast.elin)


@pytest.fixture
def karin(site: Site) -> httpx.Client:
    return api(site, site.cast.karin)
