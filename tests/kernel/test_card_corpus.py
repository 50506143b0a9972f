"""The corpus: how many of 5,000 spelled card numbers are found, and how many of 50,000 look-alikes are spared.

The suite writes each number in one way, and takes every fifth look-alike; `CARDS=all` takes everything.
"""

import json
import os
from collections import Counter
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

import pytest

from gateway.kernel.cards import hide_cards, hide_cards_in_words
from tests.support.card_corpus import LOOKALIKES, POSITIVES, SPELLINGS, lookalikes, positives

MISSED_AT_MOST = 0.005
FALSE_AT_MOST = 0.005
ALL = os.environ.get("CARDS") == "all"

WRITINGS: dict[str, tuple[Callable[[str], bytes], Callable[[bytes], str]]] = {
    "JSON": (
        lambda text: json.dumps({"id": 42, "comment": {"body": text}}, ensure_ascii=False).encode(),
        lambda body: json.loads(body)["comment"]["body"],
    ),
    "escaped JSON": (lambda text: json.dumps(["x", text]).encode(), lambda body: json.loads(body)[1]),
    "form": (
        lambda text: urlencode({"subject": "Ümit & Co", "text": text, "more": "1"}).encode(),
        lambda body: parse_qs(body.decode())["text"][0],
    ),
    "plain": (str.encode, bytes.decode),
}


@pytest.mark.parametrize("shift", range(len(WRITINGS) if ALL else 1))
def test_card_numbers_are_found_however_they_are_spelled(shift: int) -> None:
    """All of them by each spelling in each language; of the text around not a character is lost, and twice is once."""
    writings = list(WRITINGS.values())
    missed: Counter[str] = Counter()
    for place, one in enumerate(positives()):
        write, read = writings[(place // len(SPELLINGS) + shift) % len(writings)]
        hidden, _ = hide_cards(write(one.text))
        missed[one.kind] += read(hidden) != one.left
        assert hide_cards(hidden) == (hidden, 0)
    assert missed.keys() == {*SPELLINGS, "track"}
    assert missed.total() <= POSITIVES * MISSED_AT_MOST, missed


def test_what_only_looks_like_a_card_number_stays() -> None:
    """In its context: with the label that people write in front of such a number, in twelve languages."""
    count = LOOKALIKES if ALL else LOOKALIKES // 5
    hidden: Counter[str] = Counter()
    for one in lookalikes(count):
        body = WRITINGS["JSON"][0](one.text)
        hidden[one.kind] += hide_cards(body) != (body, 0)
    assert hidden.total() <= count * FALSE_AT_MOST, hidden
    assert max(hidden.values()) <= count / len(hidden) * FALSE_AT_MOST * 2, hidden


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("order number 4111111111111111", True),
        ("Bestellnummer: 4111111111111111", True),
        ("order 4711, 4111111111111111", False),
        ("order number 4111 1111 1111 1111", False),
        ("order number 4111111111111111, Visa", False),
        ("order number 4111111111111111 12/29", False),
        ("My order was paid with 4111111111111111", False),
        ("https://shop.example/pay?order=1&card=4111111111111111", False),
        ("https://shop.example/pay?cc_number=4111111111111111&x=1", False),
        ("https://shop.example/orders?id=4111111111111111", True),
        ("DE57 4111 1111 1111 1111 17", False),
        ("4111\n1111\n1111\n1111", False),
        ("41111\n11111\n111111", True),
        ("4111</td>\n<td>1111</td><td>1111</td><td>1111", False),
        ("4111<br/>\r1111<br>1111<br>1111", False),
        ("<a title='4111111111111111'>x</a>", False),
        ("4111<!-- a --> 1111 1111 1111", False),
        ("4 < 5 4111111111111111 > 3", False),
        ("4111 1111 & 1111 1111", True),
        ("4111&#8203;1111&#x200b;1111&zwj;1111", False),
    ],
)
def test_what_stands_around_decides(text: str, kept: bool) -> None:
    """A label spares a number; a card's groups, a word for a card or a date of expiry nearby does away with that."""
    for words in (text, f"Hello. {text}"):
        assert (hide_cards_in_words(words) == words) is kept
        for write, read in WRITINGS.values():
            hidden, count = hide_cards(write(words))
            assert (count == 0) is kept, hidden
            assert (read(hidden) == words) is kept
