"""One running service for all tests of the API, a store of its own for each of them, and the people who use it most."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from service.settings import Settings
from service.store.session import Store
from tests.browser import serving
from tests.pages.site import Site, application
from tests.people import Cast, arrive, draft
from tests.service.api.client import Served, api, behind


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    settings, nobodys = Settings(data_dir=folder), Store(f"sqlite:///{folder / 'nobodys.sqlite3'}")
    app = application(nobodys, settings)
    with serving(app) as url:
        yield Served(url, app, settings)
    nobodys.close()


@pytest.fixture(scope="session")
def begun(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast, UUID]:
    """A database with the cast and a draft, to copy."""
    path = tmp_path_factory.mktemp("begun") / "overens.sqlite3"
    shutil.copyfile(migrated_file, path)
    store = Store(f"sqlite:///{path}")
    with store.write() as session:
        cast = arrive(session)
        agreement = draft(session, cast)
    store.close()
    return path, cast, agreement


@pytest.fixture
def site(served: Served, begun: tuple[Path, Cast, UUID], tmp_path: Path) -> Iterator[Site]:
    path, cast, agreement = begun
    shutil.copyfile(path, tmp_path / path.name)
    store = Store(f"sqlite:///{tmp_path / path.name}")
    with behind(served, store, cast, agreement) as there:
        yield there
    store.close()


@pytest.fixture
def elin(site: Site) -> httpx.Client:
    return api(site, site.cast.elin)


@pytest.fixture
def karin(site: Site) -> httpx.Client:
    return api(site, site.cast.karin)
