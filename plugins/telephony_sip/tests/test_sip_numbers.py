"""E.164: what is told by a plus or by the prefixes of the settings, and what is no such number."""

import pytest
from gateway_telephony_sip.numbers import Plan, e164, is_anonymous, number_or_name
from hypothesis import given
from hypothesis import strategies as st

GERMANY = Plan("49")
AMERICA = Plan("1", trunk="1", international="011", bare="national")
SPAIN = Plan("34", trunk="", bare="national")
ITALY = Plan("39", trunk="", bare="national")
RUSSIA = Plan("7", trunk="8", international="810")
NOWHERE = Plan()


@pytest.mark.parametrize(
    ("text", "plan", "number"),
    [
        ("sip:+49301234567@carrier.example;user=phone", NOWHERE, "+49301234567"),
        ("sip:%2B49301234567@carrier.example", NOWHERE, "+49301234567"),
        ("sips:+49301234567:secret@carrier.example", NOWHERE, "+49301234567"),
        ("sip:+49301234567;npdi;rn=+49309@carrier.example", NOWHERE, "+49301234567"),
        ("tel:+49-30-123.45(67)", NOWHERE, "+49301234567"),
        ('"Ann" <sip:+49301234567@carrier.example>;tag=1', NOWHERE, "+49301234567"),
        ("+49 30 / 123-4567", NOWHERE, "+49301234567"),
        ("+49 (0)30 1234567", NOWHERE, "+49301234567"),
        ("0049 (0)30 1234567", GERMANY, "+49301234567"),
        ("sip:0301234567@pbx.example", GERMANY, "+49301234567"),
        ("sip:0049301234567@pbx.example", GERMANY, "+49301234567"),
        ("sip:0015550100123@pbx.example", GERMANY, "+15550100123"),
        ("tel:1234567;phone-context=+4930", GERMANY, "+49301234567"),
        ("sip:1234567;phone-context=+4930@pbx.example;user=phone", GERMANY, "+49301234567"),
        ("tel:0301234567;phone-context=pbx.example", GERMANY, "+49301234567"),
        ("15550100123", AMERICA, "+15550100123"),
        ("5550100123", AMERICA, "+15550100123"),
        ("01149301234567", AMERICA, "+49301234567"),
        ("(555) 010-0123", AMERICA, "+15550100123"),
        ("912345678", SPAIN, "+34912345678"),
        ("06 1234567", ITALY, "+39061234567"),
        ("84951234567", RUSSIA, "+74951234567"),
        ("81049301234567", RUSSIA, "+49301234567"),
        ("49301234567", Plan("49", bare="international"), "+49301234567"),
    ],
)
def test_a_number_is_told(text: str, plan: Plan, number: str) -> None:
    """By its plus, its context, or a prefix of the plan."""
    assert e164(text, plan) == number
    assert number_or_name(text, plan) == number


@pytest.mark.parametrize(
    ("text", "plan", "name"),
    [
        ("sip:204@pbx.example", GERMANY, "204"),
        ("sip:0204@pbx.example", GERMANY, "0204"),
        ("tel:110", GERMANY, "110"),
        ("tel:911", AMERICA, "911"),
        ("sip:1234567@pbx.example", GERMANY, "1234567"),
        ("sip:0301234567@pbx.example", NOWHERE, "0301234567"),
        ("sip:queue-vip@pbx.example", GERMANY, "queue-vip"),
        ("sip:anonymous@anonymous.invalid", GERMANY, "anonymous"),
        ("sip:+anonymous@pbx.example", GERMANY, "+anonymous"),
        ("+4930", GERMANY, "+4930"),
        ("+4930123456789012", GERMANY, "+4930123456789012"),
        ("+0301234567", GERMANY, "+0301234567"),
        ("++49301234567", GERMANY, "++49301234567"),
        ("+٤٩٣٠١٢٣٤٥٦٧", GERMANY, "+٤٩٣٠١٢٣٤٥٦٧"),
        ("0" * 100, GERMANY, "0" * 100),
        ("00", GERMANY, "00"),
        ("sip:pbx.example", GERMANY, ""),
        ("Ann\x00", GERMANY, "Ann"),
        ("", GERMANY, ""),
    ],
)
def test_what_is_no_number_stays_what_it_is(text: str, plan: Plan, name: str) -> None:
    """Extensions, services, names; a number that the plan can't tell."""
    assert e164(text, plan) is None
    assert number_or_name(text, plan) == name


@given(st.text(max_size=60), st.sampled_from([GERMANY, AMERICA, SPAIN, RUSSIA, NOWHERE]))
def test_a_number_tells_itself(text: str, plan: Plan) -> None:
    """Whatever comes in, what comes out is a number that says the same under any plan, or nothing."""
    number = e164(text, plan)

    assert number is None or (number[0] == "+" and 7 <= len(number) - 1 <= 15 and e164(number, NOWHERE) == number)


@pytest.mark.parametrize(
    ("text", "is_hidden"),
    [
        ('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', True),
        ("sip:x@anonymous.invalid", True),
        ("sip:Restricted@pbx.example", True),
        ("sip:pbx.example", True),
        ("", True),
        ("sip:ann@abc123.invalid", False),
        ("sip:+49301234567@pbx.example", False),
        ("tel:+49301234567", False),
    ],
)
def test_who_hides_is_told(text: str, is_hidden: bool) -> None:
    """By RFC 3323's names and those that exchanges write."""
    assert is_anonymous(text) is is_hidden


@pytest.mark.parametrize(
    "wrong",
    [
        {"country": "+49"},
        {"country": "049"},
        {"country": "4949"},
        {"country": "x"},
        {"trunk": "+"},
        {"international": "x"},
    ],
)
def test_a_plan_is_of_digits(wrong: dict[str, str]) -> None:
    """Anything else is refused where it is made."""
    with pytest.raises(ValueError, match="digits"):
        Plan(**wrong)  # type: ignore[arg-type]
