"""A fresh agreement for each test of the use cases, on both databases where both are there."""

from pathlib import Path

import pytest

from service.store.files import Files
from service.store.session import Store
from tests.service.cases import life


@pytest.fixture
def case(store: Store, tmp_path: Path) -> life.Case:
    """A draft between the region and Falun on SQLite."""
    return life.begin(store, Files(tmp_path / "files"))


@pytest.fixture
def any_case(any_store: Store, tmp_path: Path) -> life.Case:
    """The same on both databases."""
    return life.begin(any_store, Files(tmp_path / "files"))
