"""Card numbers: found in every spelling, hidden as little as needed, and nothing else is touched."""

import json
import random
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kernel.card_numbers import find
from gateway.kernel.cards import hide_cards, hide_cards_in_words

CARD = "4111111111111111"
SHOWN = "411111••••••1111"

BRANDS = {
    "Visa": [("4", 13), ("4", 16), ("4", 19)],
    "Mastercard": [("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("25", 16)],
    "American Express": [("34", 15), ("37", 15)],
    "Discover": [("6011", 16), ("644", 16), ("65", 16), ("65", 19)],
    "Diners Club": [("300", 14), ("305", 16), ("36", 14), ("38", 14), ("3095", 14), ("36", 19)],
    "JCB": [("3528", 16), ("3589", 19)],
    "UnionPay": [("62", 16), ("62", 19)],
    "Maestro": [("5018", 12), ("6759", 13), ("6304", 19), ("56", 16)],
    "Mir": [("2200", 16), ("2204", 19)],
    "RuPay": [("60", 16), ("82", 16), ("508", 16), ("81", 16)],
}
SEPARATORS = ["", " ", "-", ".", "\u00a0", " - ".strip(), "  ", "\u2011", "\u200b", "\u200b \u2060"]
SURROUNDINGS = [
    "{}",
    "My card is {}, please.",
    "Karte:{}",
    "• {}• next",
    "**{}**",
    "({})",
    "•• {} ••",
    "卡号{}，请退款",
    "见https://example.com/a?b=c，{}",
    "मेरा कार्ड {}है",
    "بطاقتي {}، شكرا",
    "card {}😀",
    "{}x2",
    "card{} expires 12/29",
    "12 {} 01",
    "Заказ оплачен картой {}。",
    "カード番号は{}です",
    'a\nb\t{}\n"quoted" \\ / end',
    "Order 4711-20931, {} 00340434161094021501 +49 30 901820",
]


def with_check_digit(digits: str) -> str:
    """The digits with the last one put so that the Luhn sum is right, reckoned the slow way."""
    for last in "0123456789":
        total = 0
        for place, digit in enumerate(reversed(digits + last)):
            number = int(digit) * (1 + place % 2)
            total += number // 10 + number % 10
        if total % 10 == 0:
            return digits + last
    raise AssertionError


def made(chance: random.Random, prefix: str, length: int) -> str:
    """A number of an issuer."""
    return with_check_digit(prefix + "".join(chance.choices("0123456789", k=length - len(prefix) - 1)))


def spelled(number: str, separator: str, groups: int) -> str:
    """A number in groups."""
    return separator.join(number[at : at + groups] for at in range(0, len(number), groups))


def full_width(text: str) -> str:
    """ASCII digits as full-width ones."""
    return "".join(chr(ord("０") + int(char)) if char.isdigit() else char for char in text)


def numbers() -> Iterator[str]:
    """Every brand and length, a few of each."""
    chance = random.Random(4)
    for kinds in BRANDS.values():
        for prefix, length in kinds:
            yield made(chance, prefix, length)


def hidden_digits(text: str) -> str:
    """The text's digits, ours for those of other scripts; a sign of ours for each that is hidden."""
    return "".join(str(int(char)) if char.isdecimal() else char for char in text if char.isdecimal() or char == "•")


def shown(number: str) -> str:
    """How a number may be stored."""
    return number[:6] + "•" * (len(number) - 10) + number[-4:]


def test_every_brand_is_found_in_every_spelling_and_surrounding() -> None:
    """Issuers, lengths, separators, groups, scripts, languages around it: six and four digits stay, wherever it is."""
    tried = 0
    for number in numbers():
        for separator in SEPARATORS:
            for groups in (4,) if separator else (19,):
                written = spelled(number, separator, groups)
                for around in SURROUNDINGS:
                    text = around.replace("{}", written)
                    expected = around.replace("{}", keep_separators(written))
                    body = json.dumps({"text": text}, ensure_ascii=tried % 2 == 0).encode()
                    hidden, count = hide_cards(body)
                    assert (json.loads(hidden), count) == ({"text": expected}, 1), (number, separator, around)
                    tried += 1
    assert tried > 3_000


def keep_separators(written: str) -> str:
    """The stored form of a number as it was written."""
    places = [place for place, char in enumerate(written) if char.isdecimal()]
    hidden = set(places[6:-4])
    return "".join("•" if place in hidden else char for place, char in enumerate(written))


@pytest.mark.parametrize("number", sorted(set(numbers())))
def test_other_writings_of_a_number(number: str) -> None:
    """Full-width digits, digits as escapes, one by one, in a form, in plain text, in UTF-16 and in Latin-1."""
    assert hidden_digits(json.loads(hide_cards(json.dumps([full_width(number)]).encode())[0])[0]) == shown(number)
    escaped = "".join(f"\\u{ord(char):04x}" for char in number)
    assert json.loads(hide_cards(f'["{escaped}"]'.encode())[0]) == [shown(number)]
    assert hidden_digits(hide_cards(" ".join(number).encode())[0].decode()) == shown(number)
    form = hide_cards(urlencode({"name": "Ümit & Co", "text": f"my card {spelled(number, ' ', 4)}"}).encode())[0]
    assert hidden_digits(parse_qs(form.decode())["text"][0]) == shown(number)
    assert hide_cards(f"paid with {number}\n".encode())[0].decode() == f"paid with {shown(number)}\n"
    wide = hide_cards(f"paid with {number}".encode("utf-16-le"))[0].decode("utf-16-le")
    assert wide == f"paid with {shown(number)}".replace("•", "·")
    latin = hide_cards(f"gezahlt für Käse: {spelled(number, chr(160), 4)}".encode("latin-1"))[0].decode("latin-1")
    assert hidden_digits(latin.replace("·", "•")) == shown(number)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",
        "+4111111111111111",
        "+1 4111 111 1115",
        "+49 30 4012 8888",
        "550e8400-e29b-41d4-a716-446655440000",
        "41111111-1111-4111-8111-111111111111",
        "deadbeef4111111111111111",
        "0x4111111111111111",
        "4111111111111111abcdef",
        "https://example.com/orders/4111111111111111?page=2",
        "2026-03-02T09:00:00.000Z 2026-03-02 09:00:00",
        "1772442000000",
        "1Z999AA10123456784",
        "00340434161094021501",
        "94111111111111111",
        "41111111111111111111",
        "4111 1111 1111 111",
        "4111,1111,1111,1111",
        "4111---1111---1111---1111",
        "4111/1111/1111/1111",
        "1234567812345670",
        "978-3-16-148410-0",
        "cvv 123",
        "411111••••••1111 cvv 123",
    ],
)
def test_what_is_no_card_stays(text: str) -> None:
    """Sums that fail, telephones, UUIDs, hexadecimal, addresses, times, parcels, longer numbers: the same object."""
    for body in (text.encode(), json.dumps({"text": text}).encode(), json.dumps([text], ensure_ascii=False).encode()):
        assert hide_cards(body) == (body, 0)
        assert hide_cards(body)[0] is body
    assert hide_cards_in_words(text) == text


@pytest.mark.parametrize(
    "before",
    [
        "CC",
        "cc",
        "my CC",
        "DE89370400440532013000 ",
        "DE89 3704 0044 0532 0130 00 ",
        "GB29 NWBK 6016 1331 9268 19\u00a0",
    ],
)
def test_a_number_right_behind_what_looks_like_a_part_of_it(before: str) -> None:
    """CC is two hexadecimal digits, too; and an IBAN ends where it ends, though digits follow."""
    assert hide_cards(f"{before}{CARD}".encode()) == (f"{before}{SHOWN}".encode(), 1)


def test_numbers_keys_and_ids_stay_as_they_are() -> None:
    """In JSON only texts are looked at: no numbers however big, no keys, no texts under a key of ids."""
    big = '{"id":4111111111111111,"x":-4111111111111111.00,"4111111111111111":1e400,"ref":{"id":"%s"}, "n" : "%s"}'
    body = (big % (CARD, "fine")).encode()
    assert hide_cards(body, frozenset({"id"})) == (body, 0)
    hidden, count = hide_cards(body.replace(b"fine", b"\\n" + CARD.encode() + b"\\u00fc"), frozenset({"id"}))
    assert (hidden.decode(), count) == (big % (CARD, rf"\n{SHOWN}\u00fc"), 1)
    assert hide_cards(body)[1] == 1
    escaped_key = rf'{{"\u0069d":"{CARD}"}}'.encode()
    assert hide_cards(escaped_key, frozenset({"id"})) == (escaped_key, 0)


@pytest.mark.parametrize(
    "text",
    [
        f":{CARD}",
        f'x":{CARD}',
        f'key": {CARD}',
        f'\\":{CARD}',
        f'{{"card":{CARD}}}',
        f'a":{CARD},"b":{CARD}',
        f'_"{CARD}',
    ],
)
def test_a_text_that_looks_like_a_number_behind_a_key(text: str) -> None:
    """Numbers behind keys are passed over; what a text says there is none of them, however it is quoted."""
    body, hidden = hide_cards(json.dumps({"id": 370000000801, "card": text}, separators=(",", ":")).encode())

    assert hidden == text.count(CARD)
    assert json.loads(body) == {"id": 370000000801, "card": text.replace(CARD, SHOWN)}


def test_a_number_behind_a_key_is_looked_at_where_the_body_is_no_json() -> None:
    """Half an object is one text, and may be what somebody has cut off."""
    assert hide_cards(f'{{"id":370000000801,"card":{CARD}'.encode())[1] == 1


def test_a_key_of_ids_holds_for_its_own_text_only() -> None:
    """Not for a list behind it, nor for what follows."""
    body = json.dumps({"id": [CARD], "a": {"id": "1", "text": CARD}, "id2": CARD}).encode()
    assert hide_cards(body, frozenset({"id"}))[1] == 3


def test_a_body_that_is_no_json_is_one_text() -> None:
    """Cut off, with half a character, or a number alone: all of it is looked at."""
    for body in (
        f'{{"id": {CARD}, "text": "cut o'.encode(),
        f'{{"text": "\\ud800 {CARD}"'.encode(),
        CARD.encode(),
        f"\xff {CARD}".encode("latin-1"),
    ):
        hidden, count = hide_cards(body)
        assert count == 1
        assert CARD.encode() not in hidden


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"{CARD} cvv 123", f"{SHOWN} cvv •"),
        (f"{CARD}, 12/29, CVC: 1234.", f"{SHOWN}, 12/29, CVC: •."),
        (f"security code is 999 for {CARD}", f"security code is • for {SHOWN}"),
        (f"{CARD} and 123 is the cid", f"{SHOWN} and • is the cid"),
        (f"Prüfnummer 321, Karte {CARD}", f"Prüfnummer •, Karte {SHOWN}"),
        (f"{CARD} {'x' * 50} cvv 123", f"{SHOWN} {'x' * 50} cvv 123"),
        ("%B4111111111111111^DOE/JANE^29121010000000?", "•"),
        ("swiped ;4111111111111112=29121010000? ok", "swiped • ok"),
        ("%B4111111111111111^DOE/JANE^29121010000000, cut off", "•, cut off"),
        ("B4111 1111 1111 1111^DOE/JANE^29121010000000", "•"),
        ("4111111111111111=29121010000012345", "•"),
        ("a4111111111111111=29991010000012345", "a4111111111111111=29991010000012345"),
        (f"{CARD} cryptogramme : 123", f"{SHOWN} cryptogramme : •"),
        (f"código de seguridad 123, {CARD}", f"código de seguridad •, {SHOWN}"),
        (f"код безопасности 123, {CARD}", f"код безопасности •, {SHOWN}"),
        (f"{CARD}安全码123", f"{SHOWN}安全码•"),
        (f"{CARD}，cvv123", f"{SHOWN}，cvv•"),
    ],
)
def test_security_codes_and_stripes_go_whole(text: str, kept: str) -> None:
    """Near a card the code, and the stripe's data even if its number is wrong."""
    assert json.loads(hide_cards(json.dumps({"a": text}).encode())[0]) == {"a": kept}
    assert hide_cards_in_words(text) == kept


def test_a_security_code_in_a_field_of_its_own() -> None:
    """Beside a card its key says what it is; without one, in a list, or as a number it stays."""
    fields = '{"card": {"number": "%s", "cvv" : "%s", "card_security_code": "%s", "cvc": 123, "cvv2": ["123"]}}'
    hidden, count = hide_cards((fields % (CARD, "123", "0123")).encode())
    assert (hidden.decode(), count) == (fields % (SHOWN, "•", "•"), 3)
    alone = (fields % ("none", "123", "0123")).encode()
    assert hide_cards(alone) == (alone, 0)


def test_digits_of_mathematicians_are_digits() -> None:
    """They lie beyond the first plane: four bytes each, or two escapes."""
    text = "".join(chr(0x1D7CE + int(digit)) for digit in CARD)
    for body in (json.dumps([text]), json.dumps([text], ensure_ascii=False), json.dumps([text]).replace("ud", "uD")):
        assert hidden_digits(json.loads(hide_cards(body.encode())[0])[0]) == SHOWN


@pytest.mark.parametrize("number", ["5500-0000-0000-0004", "4000 0000 0000 0002", "3782 822463 10005"])
def test_a_number_behind_other_groups_is_never_left_in_part(number: str) -> None:
    """Where groups in front make a number too by chance, at most six digits in front and four behind stay of all."""
    for before in range(10_000):
        text = f"{before:04d} {number}"
        kept = hide_cards_in_words(text)
        assert sum(char.isdigit() for char in kept) <= 14, kept
        assert hide_cards_in_words(kept) == kept


def test_several_cards_and_what_stands_between_them() -> None:
    """Each is hidden, a text of thousands of them too; the rest stays."""
    text = f"old {CARD}, new 5555 5555 5555 4444 12/29"
    assert hide_cards_in_words(text) == f"old {SHOWN}, new 5555 55•• •••• 4444 12/29"
    hidden, count = hide_cards(json.dumps([f"x{CARD},"] * 3_000).encode())
    assert (json.loads(hidden), count) == ([f"x{SHOWN},"] * 3_000, 3_000)
    many, count = hide_cards(f"{CARD}, ".encode() * 3_000)
    assert CARD not in many.decode()
    assert count == 3_000


PIECES = st.sampled_from(
    [CARD, "5018", "4", "1234", "12345678", " ", "-", "•", "\u200b", "\\", "\\n", "\\u0034", '"', ",", ":", "{", "]",
     "id", "cvv", "%34", "+", "%B", "^", "?", ";", "=", "４", "ü", "a", "378282246310005", "\ud83d\ude00"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join), st.booleans())
def test_hiding_twice_hides_nothing_more(text: str, listed: bool) -> None:
    """Whatever comes: the result is final, no character outside a hit changes, and JSON stays JSON."""
    body = text.encode("utf-8", "surrogatepass")
    for given_body in (body, json.dumps({"id" if listed else "t": text, "n": 4111111111111111}).encode()):
        hidden, _ = hide_cards(given_body, frozenset({"id"}))
        assert hide_cards(hidden, frozenset({"id"})) == (hidden, 0)
    assert json.loads(hidden)["n"] == 4111111111111111
    found = find(text)
    for written in (json.dumps([text]), json.dumps([text], ensure_ascii=False)):
        assert hide_cards(written.encode("utf-8", "replace"))[1] == find(json.loads(written)[0]).secrets
    assert all(start < end for start, end in found.places)
    assert sorted(found.places) == found.places


@given(st.binary(max_size=200))
def test_any_bytes_are_taken(body: bytes) -> None:
    """Nothing is raised, and what has fewer than twelve digits is handed back."""
    hidden, count = hide_cards(body)
    assert (hidden is body) == (count == 0)


@pytest.mark.parametrize(
    "piece",
    [
        CARD + "x",
        f";{CARD}=1?",
        "%B4111111111112 ^",
        f"cvv 123 {CARD},",
        "4",
        "4 ",
        "4-1.",
        "1 ",
        " -",
        '"",',
        "\\u0034",
        "\\n4",
        "\\\\",
        CARD + " ",
        "4\u200b",
        "[",
        "4,",
        "%34",
        "+4",
        "4<b>",
        "&#52;",
        "4<b ",
        "=",
        "a=",
    ],
)
def test_a_hostile_body_is_read_in_one_pass(piece: str) -> None:
    """A quarter of a mebibyte of the same, alone, in JSON, behind a card, in nearly a form: an answer, and no card."""
    rows = piece * (2**18 // len(piece))
    for text in (rows, f"{CARD} , {rows}", f"{CARD}={rows}!", json.dumps({"a": f"{CARD} , {rows}"})):
        hidden, _ = hide_cards(text.encode())
        assert CARD not in hidden.decode()
