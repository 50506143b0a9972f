"""What is wrong with a text that is no YAML, in words for whoever wrote it: the library speaks of blocks and tokens.

Law: no message repeats the text, which may be anybody's secret.
"""

from ruamel.yaml.error import MarkedYAMLError


def words_of(error: MarkedYAMLError) -> str:
    """What is wrong and what to do, and where the part begins that can't be read, if that is another line."""
    message = _words(" ".join(str(part) for part in (error.context, error.problem) if part))
    begins, at = error.context_mark, error.problem_mark
    if begins and at and begins.line != at.line:
        message += f" (it starts at {begins.line + 1}:{begins.column + 1})"
    return message


def _words(told: str) -> str:
    if "'\\t'" in told:
        return "a tab can't indent a line: use spaces"
    if "tag" in told:
        return "put a text that begins with ! in quotes"
    if "flow mapping" in told:
        return "`,` or `}` is missing; inside {…} put text that has commas, brackets or braces in quotes"
    if "flow sequence" in told:
        return "`,` or `]` is missing; inside […] put text that has commas, brackets or braces in quotes"
    if "quoted scalar" in told and "end of stream" in told:
        return "a quote is never closed"
    if "mapping values are not allowed" in told:
        return "no `: ` can stand here: indent the line like its neighbours, or put the text in quotes"
    if "parsing a block" in told:
        return "this line is indented like none of the lines that it belongs to, or a `-` is missing"
    if "could not find expected ':'" in told:
        return "a key without `:`; write `key: value`, with a space after the colon"
    return told
