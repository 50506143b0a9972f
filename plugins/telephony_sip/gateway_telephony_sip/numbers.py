"""Telephone numbers in E.164 (ITU-T E.164; RFC 3966), out of URIs and of what people and exchanges write.

Nothing is guessed: a number becomes E.164 if it says so itself (`+`), or by the prefixes that the settings name. All
else (extensions, services such as 110, names) stays what it is.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from gateway_telephony_sip.grammar import name_addr, plain, read_uri

E164_DIGITS_MAX: Final = 15
E164_DIGITS_MIN: Final = 7
"""Country code and all; the shortest numbers that can be called from abroad have seven."""

WRITTEN_MAX: Final = 64
"""Characters of a number with all its hyphens and brackets; what is longer is none."""

Bare = Literal["none", "national", "international"]
"""How a long number without any prefix is read: as no E.164, as one of this country, or as E.164 without its plus."""

_SIGNS: Final = re.compile(r"[ \t\u00a0().\-/\u2010-\u2013]+")
_DIGITS: Final = re.compile(r"\+?[0-9]{1,40}")
_E164: Final = re.compile(rf"[1-9][0-9]{{{E164_DIGITS_MIN - 1},{E164_DIGITS_MAX - 1}}}")
_PREFIX: Final = re.compile(r"[0-9]{0,6}")
_COUNTRY: Final = re.compile(r"(?:[1-9][0-9]{0,2})?")
_WITHHELD: Final = frozenset({"anonymous", "private", "restricted", "withheld", "blocked"})
_ANY_WITHHELD: Final = re.compile("|".join(sorted(_WITHHELD)), re.IGNORECASE)
_NOBODY: Final = _WITHHELD | {"", "unavailable", "unknown", "asterisk", "freeswitch", "nobody", "null", "none"}
_KEYPAD: Final = frozenset({"+266696687", "+7378742833", "+2562533", "+86282452253", "+8656696"})
"""ANONYMOUS, RESTRICTED, BLOCKED, UNAVAILABLE and UNKNOWN, typed on a telephone: carriers send these as numbers."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How numbers are dialled where the exchange stands: for Germany `49`, `0` and `00`, for the USA `1`, `1`, `011`.

    `country`: its code without a plus, empty: numbers of a country can't be told. `trunk`: the prefix of national
    numbers, empty where there is none (Spain, Italy). `extension_digits`: a number without a plus of at most so many
    digits is the exchange's own affair. Raises ValueError for what isn't digits.
    """

    country: str = ""
    trunk: str = "0"
    international: str = "00"
    extension_digits: int = 6
    bare: Bare = "none"

    def __post_init__(self) -> None:
        if not _COUNTRY.fullmatch(self.country):
            raise ValueError("a country code has one to three digits, the first not 0, and no plus")
        if not _PREFIX.fullmatch(self.trunk) or not _PREFIX.fullmatch(self.international):
            raise ValueError("a prefix has at most six digits")


def e164(text: str, plan: Plan) -> str | None:
    """A number as `+` and digits, out of a `sip:` or `tel:` URI, a name-addr, or a text; None for what is no E.164.

    `phone-context` (RFC 3966, section 5.1.5) counts where it is a number: it stands before what is dialled.
    """
    number, context = _dialled(text)
    digits = _bare_digits(number)
    if not digits:
        return None
    if digits[0] != "+" and context[:1] == "+":
        return _checked(_bare_digits(context)[1:] + digits)
    if digits[0] == "+":
        return _checked(digits[1:])
    if len(digits) <= plan.extension_digits:
        return None
    if plan.international and digits.startswith(plan.international):
        return _checked(digits[len(plan.international) :])
    if plan.trunk and digits.startswith(plan.trunk):
        return _checked(plan.country + digits[len(plan.trunk) :]) if plan.country else None
    if plan.bare == "international":
        return _checked(digits)
    if plan.bare == "national" and plan.country:
        return _checked(plan.country + digits)
    return None


def number_or_name(text: str, plan: Plan) -> str:
    """E.164 where it can be told, else what stands for it: an extension, a service's number, a name; may be empty."""
    return e164(text, plan) or plain(_dialled(text)[0])


def is_anonymous(text: str) -> bool:
    """Whether a URI or a name-addr names nobody: by intent, or since an exchange has put its own name there."""
    user, host = _user_host(text)
    return host == "anonymous.invalid" or user in _NOBODY or user in _KEYPAD


def is_withheld(text: str) -> bool:
    """Whether it says that its owner wants not to be known (RFC 3323, section 4.1.1.3), as
    `sip:anonymous@anonymous.invalid` does."""
    if _ANY_WITHHELD.search(text) is None and "%" not in text:
        return False  # nearly always, and each INVITE asks
    user, host = _user_host(text)
    return host == "anonymous.invalid" or user in _WITHHELD


def _user_host(text: str) -> tuple[str, str]:
    # Without brackets, parameters of a user part would be taken for the header's: `sip:+4930111222;isub=4@a.example`.
    uri = read_uri(name_addr(text).uri if "<" in text or '"' in text or "@" not in text else text)
    return uri.user.partition(";")[0].strip().lower(), uri.host


def _dialled(text: str) -> tuple[str, str]:
    """What is dialled, and its `phone-context`."""
    if "<" in text or '"' in text:
        text = name_addr(text).uri
    if ":" not in text and "@" not in text:
        return text.partition(";")[0].strip(), ""
    uri = read_uri(text)
    user, _, rest = uri.user.partition(";")
    context = uri.params.get("phone-context", "")
    for part in rest.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "phone-context":
            context = value.strip()
    return user.strip(), context


def _bare_digits(number: str) -> str:
    """Digits, with a plus in front where there was one; empty for anything else. `+49 (0)30` has a trunk prefix only
    for those who dial within the country.
    """
    if len(number) > WRITTEN_MAX:
        return ""
    if "(0)" in number and number.lstrip()[:1] in ("+", "0"):
        number = number.replace("(0)", "", 1)
    number = _SIGNS.sub("", number)
    return number if _DIGITS.fullmatch(number) else ""


def _checked(digits: str) -> str | None:
    return f"+{digits}" if _E164.fullmatch(digits) else None
