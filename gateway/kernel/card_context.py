"""What stands around a row of digits and says that it is no card number, however well it sums up. Pure.

Laws. A telephone number with a plus sign, a UUID, a hexadecimal number, an address of a web page, an IBAN, a number
of the post and an IMEI in groups are told by their form. Any other number is told by the label right in front of it
(`order number: …`), and only where nothing nearby speaks of a card and the digits don't stand in a card's groups. All
looks a bounded way.
"""

import re
from typing import Final

CARD_GROUPS: Final = frozenset(
    {
        (4, 4, 4, 4),
        (4, 6, 5),
        (4, 6, 4),
        (4, 4, 4, 4, 3),
        (4, 4, 4, 4, 2),
        (4, 3, 3, 3),
        (8, 8),
        (4, 4, 4, 3),
        (4, 4, 4),
    }
)
"""How digits are grouped on cards, and by people who split them in halves."""

_PHONE_DIGITS_MAX = 15
_AROUND = 36
_IBAN_MAX = 48
"""Characters of an IBAN in groups."""

_LABEL_MAX = 40
_CARD_NEAR = 40
_ADDRESS_MAX = 512

_PLUS = re.compile(r"\+[0-9\s.()\-]*\Z")
_NO_DIGIT = re.compile(r"[^0-9]+")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_GROUPED = re.compile(
    r"(?<![0-9])(?:9[1-5][0-9]{2}(?: [0-9]{4}){4} [0-9]{2}|[0-9]{2}([- ])[0-9]{6}\1[0-9]{6}\1[0-9]{1,2})(?![0-9])"
)
"""Groups as the United States' post writes them on a parcel, and those of a telephone's IMEI."""

# Beyond ASCII an address ends: in Chinese and Japanese no space stands between it and the next sentence.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s\"'<>,;|(){}\u0080-\U0010ffff]*\Z")
_CARD_PARAMETER = re.compile(r"[?&#;](?:[a-z_\-]*card[a-z_\-]*|pan|ccn?|cc_?num(?:ber)?)=\Z", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"[0-9A-Za-z]*\Z")
_WORD = re.compile(r"[0-9A-Za-z]*")
_OF_CARDS_AND_HEX: Final = frozenset({"cc", "dc"})
"""How people shorten "credit card" and "debit card", right in front of the number."""

_HEX = re.compile(r"0[xX][0-9a-fA-F]+|(?=[0-9]*[a-fA-F])[0-9a-fA-F]+")
_IBAN = re.compile(r"(?<![0-9A-Za-z])([A-Z]{2})[0-9]{2}(?:[ \u00a0]?[0-9A-Z]){11,30}")
_IBAN_LENGTHS = {
    length: frozenset(countries.split())
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI NL", 19: "SI", 20: "AT EE LT LU", 21: "CH HR LI LV", 22: "BG DE GB GE IE",
        23: "AE IL", 24: "AD CZ ES RO SA SE SK", 25: "PT", 26: "IS TR", 27: "FR GR IT MC SM", 28: "CY HU PL",
        29: "BR UA", 31: "MT",
    }.items()
}  # fmt: skip
"""ISO 13616: how many characters an IBAN of a country has."""

_LABELLED = re.compile(
    r"(?:(?<![a-z])(?:order|ticket|tracking|shipment|parcel|consignment|waybill|invoice|serial|case|imei(?:sv)?|iban"
    r"|isbn|ean|gtin|bestell|auftrag|sendung|paket|rechnung|serien|vorgang|commande|suivi|colis|facture|pedido"
    r"|seguimiento|env[ií]o|factura|ordine|spedizione|tracciamento|fattura|encomenda|rastre(?:io|amento)|fatura"
    r"|bestel|zending|pakket|factuur|zamówieni|przesyłk|paczk|faktur)"
    r"|заказ|отправлени|посылк|накладн|сч[её]т|订单|运单|快递|发票|单号|注文|追跡|伝票|請求|الطلب|الشحنة|تتبع|الفاتورة)"
    # What may stand between a label and its number: the rest of the word, and words and signs that say "number".
    r"[^\W\d_]{0,12}(?:[\s:#.º°№=\-–]|(?<![a-z])(?:no|nr|num(?:ber|mer|ero|er)?|n[uú]m(?:ero)?|numéro|número|n|id|code"
    r"|is|ist|est|es|is|jest|was|war)(?![a-z])|番号|号|は|是|为|номер|رقم|هو){0,8}[a-z]{0,4}\Z"
)
_OF_CARD = re.compile(
    r"(?<![a-z])(?:(?:credit|debit|bank|kredit|giro)?-?(?:card|kart|kaart|carte|carta|cart[ãa]o|tarjeta)|visa|master"
    r"|amex|american exp|maestro|discover|diners|jcb|union ?pay|rupay|pan(?![a-z])|exp|valid|gültig|cv[vcn]|csc|cid"
    r"|security code|prüf|(?:0[1-9]|1[0-2])/[23][0-9](?![0-9/]))|карт|卡|カード|بطاق|银联|мир(?!\w)"
)


def is_something_else(text: str, start: int, end: int, digits: str) -> bool:
    """Whether the digits that stand in `text` from `start` to `end` are, or belong to, something that is no card."""
    return (
        _is_telephone(text, start, digits)
        or _is_hexadecimal(text, start, end)
        or _is_within(_UUID, text, start, end)
        or _is_within(_GROUPED, text, start, end)
        or _is_within_address(text, start)
        or _is_within_iban(text, start, end)
        or _is_labelled(text, start, end)
    )


def _is_telephone(text: str, start: int, digits: str) -> bool:
    plus = _PLUS.search(text, max(0, start - 24), start)
    return plus is not None and (plus[0] == "+" or len(_NO_DIGIT.sub("", plus[0])) + len(digits) <= _PHONE_DIGITS_MAX)


def _is_hexadecimal(text: str, start: int, end: int) -> bool:
    word = _WORD_BEFORE.search(text, max(0, start - 64), start)
    behind = _WORD.match(text, end, end + 64)
    around = (word[0] if word else ""), (behind[0] if behind else "")
    if around[0].lower() in _OF_CARDS_AND_HEX and not around[1]:
        return False
    return any(around) and _HEX.fullmatch(around[0] + "1" + around[1]) is not None


def _is_within(form: re.Pattern[str], text: str, start: int, end: int) -> bool:
    found = form.finditer(text, max(0, start - _AROUND), end + _AROUND)
    return any(match.start() <= start < match.end() for match in found)


def _is_within_address(text: str, start: int) -> bool:
    """An address has ids; but a parameter that says so has a card."""
    address = _ADDRESS.search(text, max(0, start - _ADDRESS_MAX), start)
    return address is not None and _CARD_PARAMETER.search(address[0]) is None


def _is_within_iban(text: str, start: int, end: int) -> bool:
    for match in _IBAN.finditer(text, max(0, start - _IBAN_MAX), end + _IBAN_MAX):
        length = next((length for length, countries in _IBAN_LENGTHS.items() if match[1] in countries), 0)
        places = [place for place in range(*match.span()) if not text[place].isspace()][:length]
        # What goes on behind its last character is no part of it.
        if places and len(places) == length and match.start() < start <= places[-1]:
            account = "".join(text[place] for place in places)
            return int("".join(str(int(sign, 36)) for sign in account[4:] + account[:4])) % 97 == 1
    return False


def _is_labelled(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _LABEL_MAX) : start].lower()
    if _LABELLED.search(before) is None or in_card_groups(text[start:end]):
        return False
    return _OF_CARD.search(text[max(0, start - _CARD_NEAR) : end + _CARD_NEAR].lower()) is None


def in_card_groups(written: str) -> bool:
    """Whether digits stand in groups as on a card, whatever is between them; one group is none."""
    return tuple(map(len, _NO_DIGIT.sub(" ", written).split(" "))) in CARD_GROUPS
