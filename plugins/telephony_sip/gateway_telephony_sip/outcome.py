"""The words for what became of a call, and what tells them: codes of SIP, causes of Q.850."""

from typing import Final, Literal

Outcome = Literal[
    "answered",
    "abandoned",
    "short_abandoned",
    "cancelled",
    "busy",
    "declined",
    "no_answer",
    "bad_number",
    "failed",
    "elsewhere",
    "redirected",
    "lost",
]
"""`abandoned`: the customer gave up; `short_abandoned`: so soon that it doesn't count; `cancelled`: an agent gave up
calling. `elsewhere`: somebody else answered it, out of our sight. `redirected`: it was sent elsewhere, and not seen
again. `lost`: nothing more was heard of it, and no time of an answer is known."""

_BY_CODE: Final[dict[int, Outcome]] = {
    404: "bad_number",
    408: "no_answer",
    410: "bad_number",
    480: "no_answer",
    484: "bad_number",
    486: "busy",
    487: "abandoned",
    600: "busy",
    603: "declined",
    604: "bad_number",
    607: "declined",
    608: "declined",
}

_BY_CAUSE: Final[dict[int, Outcome]] = {
    1: "bad_number",
    17: "busy",
    18: "no_answer",
    19: "no_answer",
    20: "no_answer",
    21: "declined",
    22: "bad_number",
    28: "bad_number",
}
"""Of ITU-T Q.850, table 1; from 32 on something was wrong with the network."""

_NORMAL_MAX: Final = 31
_WORDS: Final[dict[str, Outcome]] = {
    "answered": "answered",
    "busy": "busy",
    "no_answer": "no_answer",
    "failed": "failed",
}


def refused_as(code: int, q850: int) -> Outcome:
    """What a final response says. The cause that the telephone network gave says more than the code made of it."""
    if q850 > _NORMAL_MAX:
        return "failed"
    return _BY_CAUSE.get(q850) or _BY_CODE.get(code, "failed")


def passed_as(code: int) -> Outcome:
    """What a call became whose caller was asked to try again, and was not heard of any more."""
    return "redirected" if 300 <= code < 400 else "failed"


def logged_as(reason: str) -> Outcome:
    """What the end in a log says."""
    return _WORDS.get(reason, "lost")
