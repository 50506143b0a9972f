"""`gateway trigger EVENT --to URL`: a signed sample notice to a receiver, and what it answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, UNAVAILABLE, USAGE, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.cli.trigger.sending import Answered, To

_LISTS = ("tags",)
_PEOPLE = ("id", "email", "phone", "name")


def trigger(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The type of notice; --list shows them.")] = "",
    to: Annotated[
        str, typer.Option(metavar="URL", help="The receiver: a URL, or an endpoint's name in the configuration.")
    ] = "",
    secret: Annotated[
        str, typer.Option(metavar="NAME", help="The environment variable with the secret; an endpoint has its own.")
    ] = "",
    contact: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="Of the sample's contact: subject=…, tags=a,b, customer.email=…"),
    ] = None,
    sequence: Annotated[int, typer.Option(min=1, max=999_999_999_999, help="The notice's number at the receiver.")] = 1,
    twice: Annotated[bool, typer.Option("--twice", help="Send it twice, under one id: both must be taken.")] = False,
    bad_signature: Annotated[
        bool, typer.Option("--bad-signature", help="Signed with another secret: it must be refused.")
    ] = False,
    old: Annotated[bool, typer.Option("--old", help="Signed an hour ago: it must be refused.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show the types.")] = False,
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Send a signed sample notice now. Exit 1 if the receiver doesn't answer as it should, 69 if it doesn't answer.

    What should be taken needs a 2xx, what must be refused anything else.
    """
    import asyncio

    from gateway.cli.trigger.sending import Sample, send
    from gateway.cli.work import log_to_stderr

    log_to_stderr()
    if list_:
        return _list(as_json=as_json)
    type = _type(event)
    receiver = _receiver(to, secret, config)
    sample = Sample(type, _contact(contact or []), sequence, twice=twice, bad_signature=bad_signature, old=old)
    answers = asyncio.run(send(receiver, sample))
    for answer in answers:
        _tell(answer, as_json=as_json)
    _conclude(answers, refused=bad_signature or old)


def _list(*, as_json: bool) -> None:
    from gateway.config.load import NOTICE_TYPES

    for type in NOTICE_TYPES:
        output.json_line({"type": type}) if as_json else output.line(type)


def _type(event: str) -> str:
    from gateway.config.load import NOTICE_TYPES
    from gateway.kernel.problems import did_you_mean

    if not event:
        raise Failed(USAGE, "say which type of notice, such as sla.breached", "`gateway trigger --list` shows them")
    if event not in NOTICE_TYPES:
        hint = did_you_mean(event, NOTICE_TYPES)
        raise Failed(USAGE, f"no notice has the type {event[:60]!r}{hint}", "`gateway trigger --list` shows them")
    return event


def _receiver(to: str, secret: str, config: Path) -> "To":
    from gateway.cli.trigger import sending

    if not to:
        raise Failed(USAGE, "say where to: --to URL, or --to and an endpoint's name")
    if "/" not in to and ":" not in to:
        if secret:
            raise Failed(
                USAGE, f"{to[:63]!r} is an endpoint's name, and it has a secret of its own: leave --secret out"
            )
        return sending.configured(config, to)
    return sending.at_url(to, secret)


def _contact(given: Sequence[str]) -> Mapping[str, Any]:
    """The fields that were given, as an opening has them; what they may be is checked with the rest of it."""
    fields: dict[str, Any] = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise Failed(USAGE, f"--contact {item[:60]!r}: write FIELD=VALUE, such as subject=Help")
        whose, dot, what = key.partition(".")
        if whose == "customer" and dot and what in _PEOPLE:
            fields["customer"] = {**fields.get("customer", {}), what: value}
        elif whose == "fields" and dot:
            fields["fields"] = {**fields.get("fields", {}), what: value}
        else:
            fields[key] = [word for word in value.split(",") if word] if key in _LISTS else value
    return fields


def _tell(answer: "Answered", *, as_json: bool) -> None:
    from gateway.cli.table import clean

    if as_json:
        return output.json_line(
            {
                "id": answer.id,
                "type": answer.type,
                "sent": answer.sent,
                "status": answer.status,
                "body": answer.body,
                "error": answer.error or None,
                "duration_ms": answer.duration_ms,
            }
        )
    came = "no answer" if answer.status is None else str(answer.status)
    output.line(f"{answer.type}  {answer.id}  {answer.sent}: {came} after {answer.duration_ms} ms")
    if answer.body.strip():
        output.line(f"  {clean(answer.body.strip())}")


def _conclude(answers: Sequence["Answered"], *, refused: bool) -> None:
    for answer in answers:
        if answer.status is None:
            hint = "see its URL, its name, its certificate and whether it runs"
            raise Failed(UNAVAILABLE, f"no answer came: {answer.error}", hint)
        taken = 200 <= answer.status < 300
        if refused and taken:
            what = f"it answered {answer.status} to a notice {answer.sent}: anybody could send it one"
            raise Failed(FOUND, what, "verify the signature and its time before anything else: answer 401")
        if not refused and not taken:
            again = (
                "; of a notice that came before, nothing has to be done but to say 2xx"
                if "again" in answer.sent
                else ""
            )
            hint = f"a 2xx is needed: see whether it verifies the signature with the right secret{again}"
            raise Failed(FOUND, f"it answered {answer.status}", hint)
