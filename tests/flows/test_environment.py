"""What we tell Prefect is something it listens to: a misspelt variable would be silently ignored."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.environment import prefect_environment
from service.settings import load

SCRIPT = """
import sys
from prefect.settings import get_current_settings
print("\\n".join(get_current_settings().to_environment_variables(exclude_unset=True, include_secrets=True)))
"""


@pytest.mark.scheduler
def test_prefect_knows_every_variable_it_is_given(tmp_path: Path) -> None:
    told = prefect_environment(load(data_dir=tmp_path))
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=os.environ | told, capture_output=True, text=True, check=True)
    assert told.keys() - {"DO_NOT_TRACK"} - set(done.stdout.split()) == set()


def test_nothing_of_it_calls_home_or_listens_to_strangers(tmp_path: Path) -> None:
    told = prefect_environment(load(data_dir=tmp_path))
    assert (told["DO_NOT_TRACK"], told["PREFECT_SERVER_ANALYTICS_ENABLED"]) == ("1", "false")
    assert told["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert len(told["PREFECT_SERVER_API_AUTH_STRING"]) > 40
    assert told["PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED"] == "true"
    assert told["PREFECT_SERVER_EPHEMERAL_ENABLED"] == "false"
