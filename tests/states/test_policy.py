"""A policy is kept as plain JSON and read back as it was, or refused by name."""

import json
from datetime import time

import pytest

from states.errors import Invalid
from states.policy import Policy


def test_a_policy_survives_json() -> None:
    policy = Policy(before=(20, 5), after=(2,), window=(time(8), time(15, 45)), max_unanswered=2, signature_after=(3, 6))
    assert Policy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


def test_what_is_left_out_is_the_default() -> None:
    assert Policy.from_dict({}) == Policy()
    assert Policy.from_dict({"before": [7]}) == Policy(before=(7,))


def test_days_are_put_in_the_order_of_the_ladder() -> None:
    assert Policy.from_dict({"before": [3, 14, 3], "after": [10, 1]}) == Policy()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("before", "14"),
        ("before", [0]),
        ("after", [1.5]),
        ("after", [True]),
        ("signature_after", None),
        ("window", ["07:30"]),
        ("window", 450),
        ("window", ["16:30", "07:30"]),
        ("window", ["07:30", 990]),
        ("window", ["07:30+01:00", "16:30+01:00"]),
        ("window", ["07:30", "16:30+01:00"]),
        ("max_unanswered", -1),
        ("max_unanswered", True),
        ("no_such_setting", 1),
    ],
)
def test_what_cannot_be_taken_is_named(name: str, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        Policy.from_dict({name: value})
    assert [field.field for field in caught.value.fields] == [f"policy.{name}"]
