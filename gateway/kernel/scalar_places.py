"""Where a character of a scalar's value stands in the file: plain, quoted and block scalars, folded or not.

The value is laid along the text. Runs of white space may differ (folding, indentation), everything else is one to one
but for escapes; where the two can't be laid along each other, the answer is None.
"""

_ESCAPES = {"x": 4, "u": 6, "U": 10}


def index_in_text(text: str, start: int, style: str, value: str, at: int) -> int | None:
    """The index in `text` of the character `at` of `value`, whose scalar begins at `start` with quotes or block sign.

    `at` may be the length of the value: the place right behind it.
    """
    position = _first_character(text, start, style)
    index = 0
    while position is not None and index < at:
        step = _white(text, position, style, value, index, at) if value[index].isspace() else None
        if step is None:
            step = _character(text, position, value[index], style, index)
        if step is None:
            return None
        index, position = step
    if position is not None and style == '"' and text[position : position + 2] in ("\\\n", "\\\r"):
        return _past_white(text, position + 1)
    return position


def _first_character(text: str, start: int, style: str) -> int | None:
    position = start
    while text[position : position + 1] in ("&", "!"):
        # An anchor or a tag stands before the scalar itself.
        while text[position : position + 1].strip():
            position += 1
        while text[position : position + 1].isspace():
            position += 1
    if style in ("|", ">"):
        newline = text.find("\n", position)
        return None if newline < 0 else _past_white(text, newline)
    return position + 1 if style else position


def _past_white(text: str, position: int) -> int:
    while text[position : position + 1].isspace():
        position += 1
    return position


def _white(text: str, position: int, style: str, value: str, index: int, at: int) -> tuple[int, int] | None:
    """Step over a run of white space; None if the text has an escape there."""
    end = index
    while end < len(value) and value[end].isspace():
        end += 1
    behind = _past_white(text, position)
    if behind == position:
        # The leading white space of a block was stepped over with its first line.
        return (end, position) if index == 0 and style in ("|", ">") else None
    if at < end and text[position : position + at - index] == value[index:at]:
        return at, position + at - index
    return end, behind


def _character(text: str, position: int, character: str, style: str, index: int) -> tuple[int, int] | None:
    here = text[position : position + 1]
    if style == '"' and here == "\\":
        kind = text[position + 1 : position + 2]
        if kind in ("\n", "\r"):
            return index, _past_white(text, position + 1)
        return index + 1, position + _ESCAPES.get(kind, 2)
    if here != character:
        return None
    return index + 1, position + (2 if style == "'" and here == "'" else 1)
