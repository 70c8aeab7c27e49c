"""Which mails that come in a person may have written."""

import pytest

from states.incoming import FLOOD, Reason, aside


def test_an_ordinary_answer_may_be_a_persons() -> None:
    assert aside({"subject": "Sv: Överenskommelsen", "auto-submitted": "no"}, own=False, recent=0) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"auto-submitted": "auto-replied"},
        {"precedence": "bulk"},
        {"x-autoreply": "yes"},
        {"subject": "Automatiskt svar: Överenskommelsen"},
        {"subject": "Out of office: semester"},
    ],
)
def test_a_machines_answer_is_set_aside(headers: dict[str, str]) -> None:
    assert aside(headers, own=False, recent=0) is Reason.automatic


def test_our_own_mail_that_comes_back_is_a_loop() -> None:
    assert aside({}, own=True, recent=0) is Reason.loop


def test_too_many_from_one_sender_are_set_aside() -> None:
    assert aside({}, own=False, recent=FLOOD) is Reason.flood
    assert aside({}, own=False, recent=FLOOD - 1) is None
