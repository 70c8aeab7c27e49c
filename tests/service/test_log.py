"""What must never stand in a log is planted there in every way we can think of, and searched for."""

import io
import json
import logging
import subprocess
import sys

import pytest
import structlog

from service.log import configure

CANARY = "kanarie-7Qx2mVw9Lr"


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    configure("debug", stream)
    return stream


@pytest.mark.parametrize(
    "text",
    [
        f"GET /k/{CANARY} 200",
        f"GET https://overens.exempel.se/k/{CANARY}?x=1",
        f"Authorization: Bearer {CANARY}",
        f"authorization=Basic {CANARY}",
        f"Cookie: session={CANARY}; other={CANARY}",
        f"{{'cookie': 'session={CANARY}'}}",
        f"token={CANARY}",
        f'"access_token": "{CANARY}"',
        f"csrf_token: {CANARY}",
        f"password={CANARY}&user=x",
        f"code={CANARY}",
        f"smtp_password='{CANARY}'",
        f"postgresql+psycopg://overens:{CANARY}@db/overens",
    ],
)
def test_a_secret_inside_a_sentence_is_hidden(log: io.StringIO, text: str) -> None:
    structlog.get_logger("ours").info(text)
    logging.getLogger("uvicorn.error").warning("%s", text)
    structlog.get_logger("ours").info("x", reason=text, route=[text])
    assert CANARY not in log.getvalue()
    assert log.getvalue().count("[dolt]") >= 4


@pytest.mark.parametrize("name", ["authorization", "cookie", "token", "code", "password", "secret_key", "name", "email", "body"])
def test_a_field_that_is_not_on_the_list_is_left_out_and_named(log: io.StringIO, name: str) -> None:
    structlog.get_logger("ours").info("signed in", **{name: CANARY})
    assert CANARY not in log.getvalue()
    assert json.loads(log.getvalue())["dropped"] == [name]


def test_a_library_cannot_keep_a_handler_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    logger, stream = logging.getLogger("uvicorn.error"), io.StringIO()
    logger.addHandler(logging.StreamHandler(stream))
    logger.propagate = False
    configure("debug")
    logger.warning("token=%s", CANARY)
    assert stream.getvalue() == ""
    assert CANARY not in capsys.readouterr().err


def test_a_traceback_is_cleaned_too(log: io.StringIO) -> None:
    try:
        raise ValueError(f"no such link: /k/{CANARY}")
    except ValueError:
        structlog.get_logger("ours").exception("failed")
        logging.getLogger("library").exception("failed")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert CANARY not in log.getvalue()
    assert all("ValueError" in line["exception"] for line in lines)


def test_ordinary_fields_come_through_as_they_are(log: io.StringIO) -> None:
    structlog.get_logger("ours").info("swept", planned=12, exit_code=0, agreement="a-1", route="/k/kod")
    line = json.loads(log.getvalue())
    assert (line["event"], line["planned"], line["exit_code"], line["agreement"]) == ("swept", 12, 0, "a-1")
    assert line["route"] == "/k/kod"
    assert line["timestamp"].endswith("Z")


def test_what_belongs_to_a_request_follows_every_line(log: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        logging.getLogger("sqlalchemy").warning("slow")
    assert json.loads(log.getvalue())["request_id"] == "r-1"


def test_what_is_said_before_the_log_is_set_up_shows_no_values_of_variables() -> None:
    program = """
from service.log import logger

def work(text):
    held = text
    raise ValueError(len(held))

try:
    work("".join(["kanarie", "-7Qx2mVw9Lr"]))
except ValueError:
    logger("early").exception("failed", body="kanarie" + "-7Qx2mVw9Lr")
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert CANARY not in said.stderr + said.stdout
    line = json.loads(said.stderr)
    assert ("ValueError: 18" in line["exception"], line["event"], line["dropped"]) == (True, "failed", ["body"])


def test_the_log_goes_on_when_stderr_is_another_one_than_at_its_start(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    configure()
    first.close()
    monkeypatch.setattr(sys, "stderr", second)
    structlog.get_logger("web").info("request", status=200)
    assert json.loads(second.getvalue())["status"] == 200
