"""A fresh agreement for each test of the use cases, on both databases where both are there."""

from pathlib import Path

import pytest

from service.store.files import Files
from service.store.session import Store
from tests.service.cases import life
from tests.stores import Begun


@pytest.fixture
def case(store: Store, begun: Begun, tmp_path: Path) -> life.Case:
    """A draft between the region and Falun on SQLite."""
    return life.begun_in(store, begun, Files(tmp_path / "files"))


@pytest.fixture
def any_case(any_store: Store, begun: Begun, tmp_path: Path) -> life.Case:
    """The same on both databases."""
    return life.begun_in(any_store, begun, Files(tmp_path / "files"))
