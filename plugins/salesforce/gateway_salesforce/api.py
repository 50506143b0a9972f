"""Asking Salesforce's API: a query's rows, what an object looks like, and what a refusal says.

Laws. Everything that fails is a VendorError. Errors come as a list; the same code may mean that a day's requests are
spent or that too many run at once, and only its words tell which. A 406 now and then means nothing: it is asked again.
An answer of another shape than the API's is ill weather (Transient), never an object that is gone.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from gateway.plugin import BadPayload, Instant, Permanent, Record, Transient, VendorError, VendorHttp, read_json
from gateway_salesforce.usage import Usage

NOT_ACCEPTABLE: Final = 406
NOT_ACCEPTABLE_TRIES: Final = 3
ABSENT: Final = frozenset({"NOT_FOUND", "INVALID_TYPE", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY"})
"""What Salesforce answers about an object that isn't there, or that the user may not know of."""

_NO_VALUES: Final = ("address", "location", "base64")
"""Types of columns that have no single value."""

_WRONG_SHAPE = "the vendor answered JSON of another shape than its API has"
_WORDS_MAX = 1_000


class Rows(NamedTuple):
    """What a query found; `done`: there is no more of it."""

    records: list[dict[str, Any]]
    done: bool


class Refusal(NamedTuple):
    """What Salesforce says about a request that it refuses."""

    code: str
    words: str


class Api:
    """One organisation's API at one version, such as `66.0`; `usage` keeps the account of the day's requests."""

    def __init__(self, http: VendorHttp, version: str, usage: Usage) -> None:
        self._http, self._root, self._usage = http, f"/services/data/v{version}", usage

    async def query(self, soql: str, *, deleted: bool = False) -> Rows:
        """The first rows of a query; `deleted`: those in the recycle bin too. Raises VendorError."""
        answer = await self.ask("queryAll" if deleted else "query", {"q": soql})
        records, done = answer.get("records"), answer.get("done")
        if not isinstance(records, list) or not isinstance(done, bool):
            raise Transient(_WRONG_SHAPE)
        return Rows([an_object(row) for row in records], done)

    async def columns(self, name: str) -> frozenset[str] | None:
        """The columns of an object that we may read; None where there is no such object. Raises VendorError."""
        try:
            answer = await self.ask(f"sobjects/{name}/describe")
        except Permanent as error:
            if refusal(error).code in ABSENT:
                return None
            raise
        fields = answer.get("fields")
        if not isinstance(fields, list):
            raise Transient(_WRONG_SHAPE)
        if answer.get("queryable") is False:
            return None
        names = (field.get("name") for field in map(an_object, fields) if field.get("type") not in _NO_VALUES)
        return frozenset(name for name in names if isinstance(name, str))

    async def ask(self, path: str, params: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """The object at a path of the API. Raises VendorError."""
        return an_object(await self.at(f"{self._root}/{path}", params))

    async def at(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """The JSON at a path of the host. Raises VendorError."""
        for turn in range(NOT_ACCEPTABLE_TRIES):
            try:
                answer = await self._http.get(path, params)
            except Permanent as error:
                if error.status != NOT_ACCEPTABLE or turn + 1 == NOT_ACCEPTABLE_TRIES:
                    raise self._usage.refused(path, error, *refusal(error)) from None
            else:
                self._usage.told(path, answer.headers)
                return answer.json()
        raise AssertionError("unreachable")


def an_object(value: object) -> dict[str, Any]:
    """An object of an answer."""
    if not isinstance(value, dict):
        raise Transient(_WRONG_SHAPE)
    return value


def refusal(error: VendorError) -> Refusal:
    """The code and the words of an error: the first of the API's list, or OAuth's own; empty for anything else."""
    try:
        answer = read_json(error.body)
    except BadPayload:
        return Refusal("", "")
    first = answer[0] if isinstance(answer, list) and answer else answer
    if not isinstance(first, dict):
        return Refusal("", "")
    return Refusal(_first_text(first, "errorCode", "error"), _first_text(first, "message", "error_description"))


def _first_text(source: Mapping[str, Any], *keys: str) -> str:
    return next((value for key in keys if isinstance(value := source.get(key), str)), "")[:_WORDS_MAX]


def fetched(content: Mapping[str, Any], now: int, version: int | None = None) -> Record:
    """What a look-up found, as a record."""
    return Record(body=msgspec.json.encode(content), form="fetched", version=version, received_at=Instant(now))
