"""Reading a form of ours: within bounds, each field once, and nothing that isn't one."""

from typing import Final
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from gateway.web.bodies import Bodies, BodyRefused, check_coding, check_length

FORM: Final = "application/x-www-form-urlencoded"
BYTES_MAX: Final = 8_192
FIELDS_MAX: Final = 8
"""Of one form; a browser's helper may put in one."""


class BadForm(Exception):
    """A form that isn't one of ours: the answer's status, and why in words."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Forms:
    """Reads the forms of one server."""

    def __init__(self) -> None:
        self._bodies = Bodies(BYTES_MAX)

    async def read(self, request: web.Request) -> dict[str, str]:
        """The form's fields; a form of one button has none, and no type. Raises BadForm."""
        try:
            check_coding(request.headers.get(hdrs.CONTENT_ENCODING))
            check_length(request.headers.get(hdrs.CONTENT_LENGTH), BYTES_MAX)
            body = await self._bodies.read(request)
        except BodyRefused as refused:
            raise BadForm(refused.status, f"{refused.why[:1].upper()}{refused.why[1:]}") from None
        if body and request.content_type != FORM:
            raise BadForm(415, f"The form must be {FORM}")
        try:
            given = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
        except ValueError:
            raise BadForm(400, f"The form is not ASCII, or has more than {FIELDS_MAX} fields") from None
        fields = dict(given)
        if len(fields) != len(given):
            raise BadForm(400, "The form has a field twice")
        return fields
