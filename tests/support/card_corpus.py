"""Card numbers as people write them, and what only looks like them: made from a seed, the same on every machine.

Every number is made up. A specimen knows its text, and what must be left of it: for a look-alike that is the text.
"""

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tests.support.card_languages import ASIDES, CODES, LABELS, LANGUAGES, SENTENCES

POSITIVES: Final = 5_000
LOOKALIKES: Final = 50_000

BRANDS: Final = {
    "visa": (("4", 16), ("4", 16), ("4", 13), ("4", 19)),
    "mastercard": (("51", 16), ("55", 16), ("2221", 16), ("2720", 16)),
    "amex": (("34", 15), ("37", 15)),
    "discover": (("6011", 16), ("644", 16), ("65", 16)),
    "diners": (("300", 14), ("36", 14), ("38", 14)),
    "jcb": (("3528", 16), ("3589", 16)),
    "unionpay": (("62", 16), ("62", 19)),
    "maestro": (("5018", 16), ("6759", 16), ("6304", 19)),
    "mir": (("2200", 16), ("2204", 16)),
    "rupay": (("60", 16), ("82", 16), ("508", 16)),
}


@dataclass(frozen=True, slots=True)
class Specimen:
    """One text: of which kind, in which language, the digits of the card and the secrets in it, and what is left."""

    kind: str
    brand: str
    language: str
    number: str
    text: str
    left: str
    secrets: tuple[str, ...] = ()


def with_check_digit(digits: str) -> str:
    """The digits with the last one put so that the Luhn sum is right, reckoned the slow way."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 - place % 2)
        total += number // 10 + number % 10
    return digits + str(-total % 10)


def number_of(chance: random.Random, prefix: str, length: int) -> str:
    """A number of an issuer."""
    return with_check_digit(prefix + some(chance, length - len(prefix) - 1))


def some(chance: random.Random, count: int, signs: str = string.digits) -> str:
    """So many signs."""
    return "".join(chance.choices(signs, k=count))


def groups_of(number: str) -> list[int]:
    """How its digits are grouped on the card."""
    return {15: [4, 6, 5], 14: [4, 6, 4], 13: [4, 3, 3, 3]}.get(len(number)) or [4] * (len(number) // 4) + (
        [len(number) % 4] if len(number) % 4 else []
    )


Written = list[tuple[str, bool]]
"""A number in pieces: how it is written, and whether this is a digit."""


def grouped(between: str, groups: Callable[[str], list[int]] = groups_of) -> Callable[[str], Written]:
    """Groups with something between them."""

    def written(number: str) -> Written:
        parts: Written = []
        digits = iter(number)
        for place, size in enumerate(groups(number)):
            parts += [(between, False)] if place else []
            parts += [(next(digits), True) for _ in range(size)]
        return parts

    return written


def halves(number: str) -> list[int]:
    """Eight and the rest."""
    return [8, len(number) - 8]


def single(number: str) -> list[int]:
    """One by one."""
    return [1] * len(number)


def in_script(zero: str) -> Callable[[str], Written]:
    """In the digits of another script, which begin here."""
    return lambda number: [(chr(ord(zero) + int(digit)), True) for digit in number]


def tagged(number: str) -> Written:
    """Each group in an element of its own."""
    parts: Written = [('<span class="g">', False)]
    for piece in grouped('</span> <span class="g">')(number):
        parts.append(piece)
    return [*parts, ("</span>", False)]


def as_references(number: str) -> Written:
    """Each digit as a reference of HTML."""
    return [(f"&#{ord(digit)};", True) for digit in number]


SPELLINGS: Final[dict[str, Callable[[str], Written]]] = {
    "plain": grouped(""),
    "spaces": grouped(" "),
    "hyphens": grouped("-"),
    "dots": grouped("."),
    "underscores": grouped("_"),
    "two spaces": grouped("  "),
    "no-break spaces": grouped("\u00a0"),
    "narrow spaces": grouped("\u202f"),
    "dashes": grouped("\u2013"),
    "halves": grouped(" ", halves),
    "one by one": grouped(" ", single),
    "zero width": grouped("\u200b", single),
    "zero width in groups": grouped(" \u2060"),
    "full width": in_script("\uff10"),
    "Arabic": in_script("\u0660"),
    "lines": grouped("\n"),
    "HTML elements": tagged,
    "HTML spaces": grouped("&nbsp;"),
    "HTML digits": as_references,
    "bold": grouped("<b></b>", halves),
}


def left_of(written: Written) -> str:
    """What is left of a number: six digits in front and four behind."""
    digits = sum(is_digit for _, is_digit in written)
    seen = 0
    left: list[str] = []
    for piece, is_digit in written:
        left.append("•" if is_digit and 6 <= seen < digits - 4 else piece)
        seen += is_digit
    return "".join(left)


def positives(count: int = POSITIVES, seed: int = 11) -> Iterator[Specimen]:
    """Card numbers: each spelling by each brand by each language in turns, every fifth with more beside it."""
    chance = random.Random(seed)
    spellings, brands = list(SPELLINGS), list(BRANDS)
    for place in range(count):
        spelling = spellings[place % 20]
        brand = brands[place // 20 % 10]
        language = LANGUAGES[place // 200 % 12]
        number = number_of(chance, *chance.choice(BRANDS[brand]))
        sentence = chance.choice(SENTENCES[language])
        if place % 97 == 96:
            yield _stripe(chance, brand, language, number, sentence)
            continue
        written = SPELLINGS[spelling](number)
        before, after, kept, secrets = "", "", "", ()
        if chance.random() < 0.2:
            code = some(chance, 3)
            after = f", {CODES[language]}: {code}"
            kept, secrets = f", {CODES[language]}: •", (code,)
        elif chance.random() < 0.2:
            after = kept = f" {chance.randrange(1, 13):02d}/{chance.randrange(27, 35)}"
        elif chance.random() < 0.2:
            before = chance.choice(ASIDES[language]) + " "
        text = "".join(piece for piece, _ in written)
        yield Specimen(
            spelling,
            brand,
            language,
            number,
            before + sentence.format(text + after),
            before + sentence.format(left_of(written) + kept),
            secrets,
        )


def _stripe(chance: random.Random, brand: str, language: str, number: str, sentence: str) -> Specimen:
    """What a reader of magnetic stripes types: the first track or the second."""
    rest = f"2{some(chance, 1)}1{some(chance, 1, '012')}101{some(chance, 10)}"
    track = chance.choice((f"%B{number}^DOE/JANE^{rest}?", f";{number}={rest}?"))
    return Specimen("track", brand, language, number, sentence.format(track), sentence.format("•"), (rest,))


def lookalikes(count: int = LOOKALIKES, seed: int = 12) -> Iterator[Specimen]:
    """What is no card number: each kind by each language in turns."""
    chance = random.Random(seed)
    kinds = list(KINDS)
    for place in range(count):
        kind = kinds[place % len(kinds)]
        language = LANGUAGES[place // len(kinds) % 12]
        number = KINDS[kind](chance)
        label = LABELS[language].get(kind, kind)
        text = chance.choice(("{}: {}", "{} {}", "{} {}.", "({} {})", "{}\u00a0{}, ok?")).format(label, number)
        if chance.random() < 0.3:
            text = f"{chance.choice(ASIDES[language])} {text}"
        yield Specimen(kind, "", language, "", text, text)


def _order(chance: random.Random) -> str:
    return some(chance, 1, "23456") + some(chance, chance.choice((9, 12, 14, 15, 15, 15, 17, 18)))


def _imei(chance: random.Random) -> str:
    digits = with_check_digit(chance.choice(("35", "86", "01", "99", "30", "52")) + some(chance, 12))
    if chance.random() < 0.2:
        return digits[:14] + some(chance, 2)
    parts = (digits[:2], digits[2:8], digits[8:14], digits[14:])
    return chance.choice(("", "", "-", " ")).join(parts)


def _tracking(chance: random.Random) -> str:
    return chance.choice(
        (
            lambda: "1Z" + some(chance, 16, string.digits + string.ascii_uppercase),
            lambda: some(chance, 12),
            lambda: some(chance, 15),
            lambda: "0" + some(chance, 13),
            lambda: "JJD" + some(chance, 18),
            lambda: "00340" + some(chance, 15),
            lambda: " ".join(("94" + some(chance, 2), *(some(chance, 4) for _ in range(4)), some(chance, 2))),
            lambda: "R" + some(chance, 1, string.ascii_uppercase) + some(chance, 9) + "DE",
        )
    )()


def _phone(chance: random.Random) -> str:
    return chance.choice(
        (
            lambda: (
                f"+{some(chance, 1, '234567')}{some(chance, 1)} {some(chance, 3)} {some(chance, 4)} {some(chance, 4)}"
            ),
            lambda: f"00{some(chance, 2, '345')} {some(chance, 3)} {some(chance, 7)}",
            lambda: f"({some(chance, 3)}) {some(chance, 3)}-{some(chance, 4)}",
            lambda: f"0{some(chance, 3)}/{some(chance, 7)}",
            lambda: f"+{some(chance, 13, '123456789')}",
        )
    )()


def _uuid(chance: random.Random) -> str:
    signs = chance.choice((string.digits + "abcdef", string.digits))
    return "-".join(some(chance, size, signs) for size in (8, 4, 4, 4, 12))


def _hex(chance: random.Random) -> str:
    return some(chance, 15) + chance.choice("abcdef") + some(chance, chance.choice((16, 24, 48)), string.hexdigits[:16])


def _isbn(chance: random.Random) -> str:
    digits = chance.choice(("978", "979", "400", "401", "590")) + some(chance, 9)
    check = -sum(int(digit) * (1 + 2 * (place % 2)) for place, digit in enumerate(digits)) % 10
    if digits.startswith("97"):
        return f"{digits[:3]}-{digits[3]}-{digits[4:7]}-{digits[7:]}-{check}"
    return f"{digits}{check}"


def _instant(chance: random.Random) -> str:
    at = 1_750_000_000_000 + chance.randrange(10**11)
    return chance.choice((str(at), f"{at}{some(chance, 3)}", f"2026{some(chance, 13)}", f"{at / 1000:.3f}"))


def _iban(chance: random.Random) -> str:
    country, length = chance.choice(
        (("DE", 18), ("FR", 23), ("ES", 20), ("NL", 14), ("PL", 24), ("AT", 16), ("BE", 12))
    )
    if country == "NL":
        account = some(chance, 4, string.ascii_uppercase) + some(chance, 10)
    else:
        account = some(chance, 1, "23456") + some(chance, length - 1)
    reckoned = int("".join(str(int(sign, 36)) for sign in f"{account}{country}00"))
    iban = f"{country}{98 - reckoned % 97:02d}{account}"
    return iban if chance.random() < 0.5 else " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def _url(chance: random.Random) -> str:
    return chance.choice(
        (
            lambda: f"https://shop.example/orders/{_order(chance)}?page=2",
            lambda: f"https://example.com/t?id={_order(chance)}&sig={some(chance, 16)}",
            lambda: f"http://img.example/{some(chance, 16)}.jpg",
        )
    )()


def _amounts(chance: random.Random) -> str:
    return " ".join(f"{chance.randrange(1, 999)},{some(chance, 3)}.{some(chance, 2)}" for _ in range(4))


KINDS: Final[dict[str, Callable[[random.Random], str]]] = {
    "order": _order,
    "imei": _imei,
    "tracking": _tracking,
    "phone": _phone,
    "uuid": _uuid,
    "hex": _hex,
    "isbn": _isbn,
    "instant": _instant,
    "iban": _iban,
    "url": _url,
    "invoice": _order,
    "amounts": _amounts,
}
