"""Which columns a question offers: all that may be meant, and none that cannot."""

from __future__ import annotations

import pytest

from .conftest import Asker, Opener

REVIEWS = (
    "review_id string, customer string, product string, rating int, price double, "
    "verified boolean, note string, at timestamp"
)
TOLD = ["customer", "product", "rating", "price", "verified", "note"]


@pytest.mark.parametrize(
    ("text", "asked", "offered"),
    [
        ("alert on bad reviews from topic reviews", "Which column says so?", TOLD),
        (
            "From topic reviews, a positive review followed by a negative review of the same "
            "customer within an hour",
            "Which column says so?",
            TOLD[1:],
        ),
        (
            "From topic reviews, count reviews per stars every hour",
            "no column for `stars`",
            ["review_id", "customer", "product", "rating"],
        ),
    ],
)
def test_columns_of_numbers_are_offered_where_they_may_be_meant(
    opened: Opener, text: str, asked: str, offered: list[str]
) -> None:
    said = Asker(opened(), "rules").ask(text, schema=REVIEWS)
    questions = [question for question in said["questions"] if asked in question["text"]]
    assert questions
    assert all(question["options"] == offered for question in questions)
