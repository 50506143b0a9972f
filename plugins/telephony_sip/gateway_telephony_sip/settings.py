"""What may stand under the name of a telephony connector in gateway.yaml."""

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway_telephony_sip.addresses import Address, Listening, Network, Networks
from gateway_telephony_sip.asterisk.settings import AsteriskLogs
from gateway_telephony_sip.numbers import Bare, Plan
from gateway_telephony_sip.redirect.settings import RedirectSettings
from gateway_telephony_sip.rules import AnsweredBy, Missed, Rules

MODEL: Final = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Hep(BaseModel):
    """Where captures arrive: HEPv3, by UDP, TCP, or both."""

    model_config = MODEL

    udp: Listening | None = None
    """Where to listen for datagrams, such as 0.0.0.0:9060."""

    tcp: Listening | None = None
    """Where to listen for connections."""

    allow: Networks
    """Networks whose packets are read; those of all others are counted and left."""

    auth_key: SecretStr | None = None
    """What every packet has to prove itself by. HEP carries it in the clear: it keeps mistakes out, not attackers."""

    per_second: Annotated[int, Field(ge=1, le=1_000_000)] = 50_000
    """Packets that one address may send in a second; more are counted and left."""

    @model_validator(mode="after")
    def _listens(self) -> Self:
        if self.udp is None and self.tcp is None:
            raise ValueError("give `udp`, `tcp`, or both: where captures arrive")
        return self


_COUNTRY: Final = r"^([1-9][0-9]{0,2})?$"


def _country(code: str) -> str:
    if not re.fullmatch(_COUNTRY, code):
        raise ValueError("give the country's code alone, without plus or zeros: 49, 1")
    return code


class Numbers(BaseModel):
    """How numbers are dialled where the exchange stands, so that they become E.164."""

    model_config = MODEL

    country: Annotated[str, AfterValidator(_country), Field(json_schema_extra={"pattern": _COUNTRY})] = ""
    """The country's code without a plus: `49`, `1`. Without it only numbers with a plus become E.164."""

    trunk: Annotated[str, Field(pattern=r"^[0-9]{0,6}$")] = "0"
    """What stands before a number within the country; empty where nothing does."""

    international: Annotated[str, Field(pattern=r"^[0-9]{0,6}$")] = "00"
    """What stands before a number of another country: `00`, in the USA `011`."""

    extension_digits: Annotated[int, Field(ge=0, le=15)] = 6
    """A number without a plus of at most so many digits is an extension."""

    bare: Bare = "none"
    """What a longer number without any prefix is: none in E.164, `national`, or `international` without its plus."""

    def plan(self) -> Plan:
        """The same for `numbers.py`."""
        return Plan(self.country, self.trunk, self.international, self.extension_digits, self.bare)


Word = Annotated[str, Field(min_length=1, max_length=253)]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
Tags = Annotated[tuple[Tag, ...], Field(min_length=1, max_length=16)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class Ours(BaseModel):
    """What belongs to the company, so that inbound calls are told from outbound ones. Empty: every call is inbound."""

    model_config = MODEL

    trunks: tuple[Network, ...] = ()
    """Networks of the carriers: what comes from there is inbound."""

    networks: tuple[Network, ...] = ()
    """Networks of the company's own telephones: what comes from there is outbound, or internal."""

    domains: tuple[Word, ...] = ()
    """Domains of the company's own SIP addresses."""

    numbers: tuple[Word, ...] = ()
    """Beginnings of the company's own numbers (E.164) and extensions."""


class Calls(BaseModel):
    """How calls are read."""

    model_config = MODEL

    short_abandoned_s: Annotated[int, Field(ge=0, le=600)] = 5
    """A caller who gives up sooner has not waited: such calls are left out of service levels."""

    answered_by: AnsweredBy = "caller_leg"
    """What counts as the answer: the first on the caller's own leg, or, for an exchange that answers at once and plays
    music, the first on another leg of the same call (`agent_leg`)."""

    missed: Missed = "closed"
    """The status of a call that nobody answered: `closed`, or `open` until somebody has called back."""

    tags: Annotated[
        dict[Word, Annotated[tuple[Tag, ...], Field(min_length=1, max_length=16)]], Field(max_length=1_000)
    ] = {}
    """Tags of calls, by the beginning of the number that was called (E.164 or an extension): rules read them."""

    same_call_headers: Annotated[tuple[HeaderName, ...], Field(max_length=16)] = ("X-CID", "X-Call-Id")
    """Headers whose value the legs of one call share, or that hold the Call-ID of another leg."""

    suffixes: Annotated[tuple[Word, ...], Field(max_length=16)] = ("_pbx-#", "_b2b-#", "-0")
    """What an exchange adds to a Call-ID on the leg that it opens itself; # is a number."""

    session_id: bool = True
    """Whether a shared Session-ID (RFC 7989) joins legs."""

    charging_vector: bool = True
    """Whether a shared icid of P-Charging-Vector (RFC 7315) joins legs."""

    capture_correlation: bool = True
    """Whether the name that a capturer gives a call joins legs."""


class Recordings(BaseModel):
    """Where recordings of calls lie; the gateway names them to helpdesks, and never reads them."""

    model_config = MODEL

    header: HeaderName | None = None
    """The header of a SIP message that holds the address of the recording."""

    url: Annotated[str, Field(max_length=1_024, pattern=r"^[a-z][a-z0-9+.-]*://\S+$")] | None = None
    """The address of an answered call's recording, with {call_id} in it."""

    encrypted: bool = False
    """Whether they are encrypted where they lie."""

    retention: Annotated[str, Field(max_length=64)] = ""
    """The class of how long they are kept, in your own words."""

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.header is None) == (self.url is None):
            both = ", not both" if self.url is not None else ""
            raise ValueError(f"give `header` or `url`{both}: what says where a recording lies")
        if self.url is not None and "{call_id}" not in self.url:
            raise ValueError("`url` has no {call_id}: every call would have the same recording")
        return self


def _meet(one: Address | None, other: Address) -> bool:
    """Whether two sockets can't be open side by side; a port of 0 is any that is free."""
    everywhere = {"0.0.0.0", "::"} & {other.host, one.host if one else ""}  # noqa: S104 - compared, not opened
    return one is not None and 0 != one.port == other.port and (one.host == other.host or bool(everywhere))


class TelephonySettings(BaseModel):
    """Where captures arrive, how calls are read, and, where wanted, the redirect server and the exchange's logs."""

    model_config = MODEL

    hep: Hep | None = None
    """Captures of SIP, as HEPv3."""

    numbers: Numbers = Numbers()
    """How numbers are dialled."""

    ours: Ours = Ours()
    """What belongs to the company."""

    calls: Calls = Calls()
    """How calls are read."""

    recordings: Recordings | None = None
    """Where recordings lie."""

    redirect: RedirectSettings | None = None
    """A SIP redirect server, which sends calls where the policy routes them."""

    asterisk: AsteriskLogs | None = None
    """Asterisk's own logs of calls."""

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.hep is None and self.redirect is None and self.asterisk is None:
            raise ValueError("give `hep`, `redirect` or `asterisk`: where calls are seen")
        if self.hep is not None and self.redirect is not None and _meet(self.hep.udp, self.redirect.udp):
            raise ValueError("`hep.udp` and `redirect.udp` are the same address: give the redirect server another port")
        return self

    def rules(self) -> Rules:
        """How calls are read, for `call.py`."""
        calls, ours = self.calls, self.ours
        return Rules(
            short_abandoned_s=calls.short_abandoned_s,
            answered_by=calls.answered_by,
            missed=calls.missed,
            plan=self.numbers.plan(),
            headers=tuple(name.lower() for name in calls.same_call_headers),
            suffixes=calls.suffixes,
            session_id=calls.session_id,
            icid=calls.charging_vector,
            capture_correlation=calls.capture_correlation,
            trunks=ours.trunks,
            networks=ours.networks,
            domains=tuple(domain.lower() for domain in ours.domains),
            numbers=ours.numbers,
            tags=tuple(calls.tags.items()),
        )
