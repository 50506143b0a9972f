"""What was missed comes in by the exchange's logs: with a third of the packets lost, a call becomes what it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce

import pytest
from gateway_telephony_sip.asterisk.lines import read_queue_line
from gateway_telephony_sip.asterisk.meaning import Known, meant_by_line, meant_by_row
from gateway_telephony_sip.asterisk.rows import read_cdr_row
from gateway_telephony_sip.asterisk.settings import AsteriskLogs
from gateway_telephony_sip.call import Became, became
from gateway_telephony_sip.facts import Call, join
from gateway_telephony_sip.leg import leg_of
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.sip import read_sip
from hypothesis import given
from hypothesis import strategies as st

SETTINGS = AsteriskLogs(queue_log="/a/queue_log", cdr="/a/Master.csv")
RULES = Rules()
T = 1_772_441_280_000
CALL_ID = "a84b4c76e66710@192.0.2.10"
UNIQUEID = "1772441280.41"
CALLER, EXCHANGE = ("192.0.2.10", 5060), ("192.0.2.20", 5060)

KINDS = ("talked", "agent_hung_up", "gave_up", "direct", "busy")


@dataclass(frozen=True)
class Story:
    """One call: when it was answered and ended, in ms after its INVITE; `jitter` is within the second that logs cut."""

    kind: str
    wait: int
    talk: int
    jitter: int

    @property
    def start(self) -> int:
        """The INVITE."""
        return T + self.jitter

    @property
    def end(self) -> int:
        """The last message."""
        talk = 0 if self.kind in ("gave_up", "busy") else self.talk
        return self.start + self.wait + talk


def packets(story: Story) -> list[Captured]:
    """What a capturer in front of the exchange shows."""
    queued = story.kind in ("talked", "agent_hung_up", "gave_up")
    answered = story.start + (300 if queued else story.wait)
    shown = [invite(story.start), response(100, story.start + 5)]
    if story.kind == "busy":
        return [*shown, response(486, story.end), request("ACK", story.end + 20)]
    shown += [response(180, story.start + 100), response(200, answered), request("ACK", answered + 20, branch="ack")]
    by_caller = story.kind != "agent_hung_up"
    return [*shown, request("BYE", story.end, cseq=2, from_caller=by_caller), response(200, story.end + 20, "BYE", 2)]


def lines(story: Story) -> list[bytes]:
    """What Asterisk writes into queue_log of it."""
    entered, over = story.start + 400, story.end
    if story.kind in ("direct", "busy"):
        return []
    connected = story.start + story.wait
    told = [(story.start, "SIPCALLID|" + CALL_ID), (entered, "ENTERQUEUE||+4930123456|1")]
    if story.kind == "gave_up":
        told.append((over, f"ABANDON|1|1|{(over - entered) // 1000}"))
    else:
        how = "COMPLETECALLER" if story.kind == "talked" else "COMPLETEAGENT"
        told += [(connected, "CONNECT|1|1772441284.42|1"), (over, f"{how}|1|{story.talk // 1000}|1")]
    return [f"{at // 1000}|{UNIQUEID}|sales|PJSIP/7009|{event}".encode() for at, event in told]


def row(story: Story) -> bytes:
    """What Asterisk writes into the CDR of it."""
    answered = {"busy": None, "direct": story.start + story.wait}.get(story.kind, story.start + 300)
    times = [story.start, answered, story.end]
    start, answer, end = (
        "" if at is None else f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%d %T}" for at in times
    )
    app = "Dial" if story.kind in ("direct", "busy") else "Queue"
    became = "BUSY" if story.kind == "busy" else "ANSWERED"
    fields = ["", "+4930123456", "600", "in", "", "PJSIP/trunk-00000011", "PJSIP/7009-00000012", app, "sales", start]
    fields += [answer, end, "0", "0", became, "", UNIQUEID, CALL_ID]
    return ",".join(f'"{field}"' for field in fields).encode()


def invite(at: int) -> Captured:
    """The INVITE that opens the call."""
    return request("INVITE", at, to_tag="")


def request(
    method: str, at: int, *, cseq: int = 1, to_tag: str = ";tag=bob", branch: str = "own", from_caller: bool = True
) -> Captured:
    """A request of either side."""
    ann, bob = "<sip:+4930123456@carrier.example>;tag=ann", f"<sip:600@pbx.example>{to_tag}"
    sides = (ann, bob) if from_caller else (bob, ann)
    way = (CALLER, EXCHANGE) if from_caller else (EXCHANGE, CALLER)
    return captured([f"{method} sip:600@pbx.example SIP/2.0"], *sides, f"{cseq} {method}", branch, at, *way)


def response(code: int, at: int, method: str = "INVITE", cseq: int = 1) -> Captured:
    """The exchange's answer."""
    ann = "<sip:+4930123456@carrier.example>;tag=ann"
    to = "<sip:600@pbx.example>" + ("" if code == 100 else ";tag=bob")
    return captured([f"SIP/2.0 {code} Said"], ann, to, f"{cseq} {method}", "own", at, EXCHANGE, CALLER)


def captured(
    start: list[str],
    sender: str,
    to: str,
    cseq: str,
    branch: str,
    at: int,
    source: tuple[str, int],
    target: tuple[str, int],
) -> Captured:
    """One message as a capture has it."""
    via = f"Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK-{branch}"
    head = [*start, via, "Max-Forwards: 70", f"From: {sender}", f"To: {to}", f"Call-ID: {CALL_ID}", f"CSeq: {cseq}"]
    return Captured("\r\n".join([*head, "Content-Length: 0", "", ""]).encode(), 1, source, target, at, 7)


def heard(packet: Captured) -> Call:
    """What one packet shows."""
    said = leg_of(read_sip(packet.payload), packet, packet.at or T, RULES)
    return Call() if said is None else Call(legs=dict([said]))


def logged(story: Story) -> Iterator[Call]:
    """What each line and row knows."""
    known: list[Known | None] = [meant_by_line(read_queue_line(line, "SIPCALLID"), SETTINGS) for line in lines(story)]
    known.append(meant_by_row(read_cdr_row(row(story), SETTINGS.read_as()), SETTINGS))
    yield from (found.facts for found in known if found is not None)


def ended(facts: list[Call]) -> Became:
    """What became of a call of which these facts came in, in this order."""
    told = became(reduce(join, facts, Call()), RULES)
    assert told is not None
    return told


def same(told: Became, whole: Became) -> None:
    """The same outcome at the same times, as exactly as the logs have them: to the second."""
    assert (told.id, told.end.outcome, told.end.is_lost) == (CALL_ID, whole.end.outcome, False)
    assert abs(told.end.at - whole.end.at) <= 1_000
    for mine, other in ((told.queued, whole.queued), (told.answered, whole.answered)):
        assert (mine is None) == (other is None)
        assert mine is None or other is None or abs(mine.at - other.at) <= 1_000
    assert abs(told.opened_at - whole.opened_at) <= 1_000
    assert abs((told.wait_ms or 0) - (whole.wait_ms or 0)) <= 2_000
    assert (told.handle_ms is None) == (whole.handle_ms is None)
    assert abs((told.handle_ms or 0) - (whole.handle_ms or 0)) <= 2_000


STORIES = st.builds(
    Story,
    kind=st.sampled_from(KINDS),
    wait=st.integers(6_000, 180_000),
    talk=st.integers(2_000, 600_000),
    jitter=st.integers(0, 999),
)


@given(STORIES, st.data())
def test_the_logs_fill_what_was_missed(story: Story, data: st.DataObject) -> None:
    """Three of ten packets lost, all in any order: the call is what it is without loss."""
    shown = [heard(packet) for packet in packets(story)]
    logs = list(logged(story))
    kept = [facts for facts in shown if data.draw(st.integers(0, 9)) > 2]

    same(ended(data.draw(st.permutations([*kept, *logs]))), ended([*shown, *logs]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_nobody_heard_is_told_by_the_logs_alone(kind: str) -> None:
    """All packets lost: under its own Call-ID, so that it stays one call if a packet is found later."""
    story = Story(kind, 20_000, 60_000, 0)
    logs = list(logged(story))

    same(ended(logs), ended([*map(heard, packets(story)), *logs]))


@pytest.mark.parametrize(("lost", "at"), [("BYE", "end"), ("INVITE", "start")])
@pytest.mark.parametrize("kind", ["talked", "direct"])
def test_a_lost_end_and_a_lost_beginning(kind: str, lost: str, at: str) -> None:
    """A BYE that was lost is filled by the CDR's end, an INVITE by its start, to the second."""
    story = Story(kind, 20_000, 60_000, 250)
    shown = [heard(packet) for packet in packets(story) if lost.encode() not in packet.payload.partition(b"\r\n")[0]]
    shown = shown if lost != "BYE" else shown[:-1]
    told = ended([*shown, *logged(story)])

    assert abs((told.end.at if at == "end" else told.opened_at) - getattr(story, at)) <= 1_000
    assert told.end.by == ("cdr" if lost == "BYE" else "sip")
    assert not told.end.is_lost


def test_without_the_logs_the_loss_shows() -> None:
    """So that the tests above prove something: the same call without its BYE counts as lost by itself."""
    shown = [heard(packet) for packet in packets(Story("direct", 20_000, 60_000, 0))[:-2]]

    assert ended(shown).end.is_lost
