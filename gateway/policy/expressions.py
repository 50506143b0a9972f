"""Conditions in CEL: the only module that knows the library behind them.

`compile` checks one condition against the type of `contact` and raises BadExpression with every error and its place.
`evaluate` never raises: work without end and wrong values come back as a failure with its reason. The library allows
10,000 steps of loops a call.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cel_expr_python import cel

from gateway.kernel.problems import did_you_mean, lines_of, nearest
from gateway.model.words import CHANNELS, DIRECTIONS, KINDS, LIVES, PRIORITIES
from gateway.policy.checked import Uses, uses_of
from gateway.policy.contact_message import ContactMessage
from gateway.policy.syntax import Tree, tree_of

VARIABLE: Final = "contact"

_ERROR = re.compile(r"^(?:[A-Z_]+: )?ERROR: <input>:(\d+):(\d+): (.*)$", re.MULTILINE)
_UNDEFINED = re.compile(r"undefined field '(.*)' not found in struct '(.*)'")
_UNDECLARED = re.compile(r"undeclared reference to '(.*?)'")
_OVERLOAD = re.compile(r"found no matching overload for '(.*?)' applied to '\((.*)\)'")
_FOREIGN_NOT = re.compile(r"\bnot\s+$")
_OPERATORS: Final = {"'and'": "&&", "'or'": "||", "at: '= '": "==", "at: '='": "==", "at: '& '": "&&", "at: '| '": "||"}
"""What people write in other languages, as the parser's messages quote it, and what it is here."""

_FUNCTIONS: Final = (
    *("all", "bool", "contains", "double", "duration", "endsWith", "exists", "exists_one", "filter", "has", "int"),
    *("map", "matches", "size", "startsWith", "string", "timestamp"),
)
_WORDS: Final = frozenset((*CHANNELS, *DIRECTIONS, *KINDS, *LIVES, *PRIORITIES))
_STATUS = re.compile(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$")


@dataclass(frozen=True)
class ExpressionError:
    """One error: line and column from 1, in characters of the expression, and what is wrong."""

    line: int
    column: int
    message: str


class BadExpression(Exception):
    """An expression that can't be a condition."""

    def __init__(self, errors: Sequence[ExpressionError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(error.message for error in errors))


@dataclass(frozen=True)
class Condition:
    """A checked condition and what it reads of the contact."""

    text: str
    uses: Uses
    program: Any

    def tree(self) -> Tree:
        """Its syntax."""
        return tree_of(self.program.serialize())


@dataclass(frozen=True)
class Failure:
    """Why an evaluation gave no answer."""

    reason: str


class Language:
    """CEL over one type of contact."""

    def __init__(self, message: ContactMessage) -> None:
        self._message = message
        self._env = cel.NewEnv(message.pool, variables={VARIABLE: cel.Type("gateway.Contact")})

    def compile(self, text: str) -> Condition:
        """Check a condition. Raises BadExpression."""
        try:
            program = self._env.compile(text)
        except RuntimeError as error:
            raise BadExpression(self._errors(str(error), text)) from None
        except UnicodeError:
            raise BadExpression([ExpressionError(1, 1, "the text is no Unicode")]) from None
        result = program.return_type()
        if result != cel.Type.BOOL:
            raise BadExpression([ExpressionError(1, 1, self._not_a_condition(str(result)))])
        return Condition(text, uses_of(program.serialize(), VARIABLE), program)

    def join(self, conditions: Sequence[Condition]) -> Any | None:
        """One program that gives all the answers as a list; None if they don't fit into one."""
        # A line of its own for each: a comment at the end of one can't swallow what follows.
        text = "[" + ",\n".join(f"({condition.text}\n)" for condition in conditions) + "]"
        try:
            return self._env.compile(text)
        except RuntimeError:
            return None

    def bind(self, contact: Any) -> Any:
        """The variables of an evaluation, to be used for many."""
        return self._env.Activation({VARIABLE: contact})

    def evaluate(self, condition: Condition, variables: Any) -> bool | Failure:
        """One condition's answer."""
        answer = self._run(condition.program, variables)
        if isinstance(answer, Failure | bool):
            return answer
        return Failure("it gave no true or false")

    def evaluate_all(self, joined: Any, variables: Any) -> list[bool] | Failure:
        """The answers of a joined program; a failure if any of them has one."""
        answers = self._run(joined, variables)
        if isinstance(answers, Failure):
            return answers
        if isinstance(answers, list) and set(map(type, answers)) <= {bool}:
            return answers
        return Failure("it gave no list of true and false")

    def _run(self, program: Any, variables: Any) -> Any:
        try:
            value = program.eval(variables)
            if value.type() == cel.Type.ERROR:
                return Failure(_reason(str(value.value())))
            return value.plain_value()
        except Exception as error:  # the library raises what its C++ part throws; a rule must fail alone
            return Failure(_reason(str(error)))

    def _errors(self, text: str, expression: str) -> list[ExpressionError]:
        found = [
            ExpressionError(
                int(line), int(column), self._plain(message) + _other_not(expression, int(line), int(column), message)
            )
            for line, column, message in _ERROR.findall(text)
        ]
        if found:
            # What follows from an error isn't worth a line of its own.
            return [error for error in found if "*error*" not in error.message] or found
        if "recursion limit" in text:
            return [ExpressionError(1, 1, "nested too deeply; at most 32 levels")]
        return [ExpressionError(1, 1, _STATUS.sub("", text.splitlines()[0]))]

    def _plain(self, message: str) -> str:
        message = _STATUS.sub("", message)
        if undefined := _UNDEFINED.match(message):
            field, struct = undefined.groups()
            known = self._message.fields.get(struct, ())
            owner, hint = self._message.paths.get(struct, struct), did_you_mean(field, known)
            if owner == f"{VARIABLE}.facts" and not hint:
                hint = "; add an enricher of that name under `enrichers` in gateway.yaml"
            hint = hint or _listed(known)
            return f"{owner} has no field {field!r}{hint}"
        if undeclared := _UNDECLARED.match(message):
            return f"there is nothing named {undeclared[1]!r}{self._meant(undeclared[1])}"
        if overload := _OVERLOAD.match(message):
            function, types = overload.groups()
            mixed = "; write the number as the field is: 10 is whole, 10.0 isn't" if _is_mixed(types) else ""
            return f"{function.strip('_').replace('@', '')!r} can't be applied to ({types}){mixed}"
        if message.startswith("Syntax error:"):
            told = message.removeprefix("Syntax error:").split(" expecting {")[0].strip()
            meant = [operator for sign, operator in _OPERATORS.items() if sign in told]
            return f"not an expression: {told}" + (f"; did you mean {meant[0]!r}?" if meant else "")
        return message

    def _not_a_condition(self, result: str) -> str:
        if result == "DYN":
            return "a condition must give true or false; compare the value, as in contact.fields.vip == true"
        if owner := self._message.paths.get(result):
            return f"a condition must give true or false; compare a field of {owner}"
        return f"a condition must give true or false, this gives {result.lower()}"

    def _meant(self, name: str) -> str:
        """What may be meant by a name that nothing has."""
        first, dot, rest = name.partition(".")
        if dot and nearest(first, [VARIABLE]):
            return f"; did you mean '{VARIABLE}.{rest}'?"
        if name in _WORDS:
            return f'; did you mean "{name}", in quotes?'
        fields = self._message.fields["gateway.Contact"]
        near = nearest(name, [*fields, VARIABLE, *_FUNCTIONS])
        return f"; did you mean '{VARIABLE}.{near}'?" if near in fields else did_you_mean(name, [near] if near else [])


def _other_not(expression: str, line: int, column: int, message: str) -> str:
    """The hint for who writes `not` before what is to be negated."""
    lines = lines_of(expression)
    before = lines[line - 1][: column - 1] if line <= len(lines) else ""
    return "; did you mean '!'?" if message.startswith("Syntax error:") and _FOREIGN_NOT.search(before) else ""


def _is_mixed(types: str) -> bool:
    """Whether a whole number meets one with a point."""
    return set(types.split(", ")) == {"int", "double"}


def _listed(known: Sequence[str]) -> str:
    return f"; it has {', '.join(known)}" if known else ""


def _reason(text: str) -> str:
    if "Iteration budget exceeded" in text:
        return "too much work: more than 10,000 steps"
    return _STATUS.sub("", text.partition("\n")[0])[:300] or "it failed"
