"""P9: from the command to a service that is ready, on a new folder and again on the same one."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.benchmarks.measure import Figure
from tests.crash.house import House, free_port, until

pytestmark = pytest.mark.bench


@pytest.mark.parametrize(("flows", "most"), [(False, 5.0), pytest.param(True, 20.0, marks=pytest.mark.scheduler)])
def test_starting(tmp_path: Path, flows: bool, most: float, record_property: Callable[[str, object], None]) -> None:
    house = House(tmp_path, {}, free_port(), flows, free_port())
    try:
        for size in ("new folder", "same folder again"):
            taken = _start(house)
            what = "P9 start with the schedules" if flows else "P9 start without schedules"
            record_property("figures", str(Figure(what, size, taken, None, most)))
    finally:
        house.abandon()


def _start(house: House) -> float:
    """Seconds until it says so itself."""
    said = house.folder / "up.log"
    before = len(re.findall(r"^ready ", said.read_text(), re.M)) if said.exists() else 0
    began = time.monotonic()
    house.start()
    assert until(lambda: len(re.findall(r"^ready ", said.read_text(), re.M)) > before, 120) < 120
    taken = time.monotonic() - began
    assert house.stop() == 0
    return taken
