"""What the reference tells of the door: its hooks, its abilities and its values, as their source has them."""

import ast
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Final, TypeGuard

import gateway.plugin
from gateway.kernel import ports, signing, vendor_auth, vendor_errors, vendor_http, vendor_limits
from gateway.model import judgement, record
from gateway.plugin import FAULTS, connector, enricher, helpers, listening, spec, vendor_json
from gateway.plugin.manager import ABILITIES

BASE: Final = "Connector"
"""The Protocol that every connector has: no ability, but what all of them begin with."""

BESIDE: Final = ("Simulator", "NowFunction")
"""Protocols of what a plugin brings along, or is given."""

LENT: Final[tuple[tuple[ModuleType, tuple[str, ...]], ...]] = (
    (listening, ("Ear",)),
    (ports, ("Socket", "ByteStream")),
    (listening, ("RouteFunction",)),
)
"""Protocols of what a connector is lent."""

VALUES: Final[tuple[tuple[ModuleType, tuple[str, ...]], ...]] = (
    (connector, ("Context", "Request", "Accepted", "Reply", "Refused", "Fetch", "Piece", "Stream", "Page", "Finding")),
    (judgement, ("Route",)),
    (record, ("Record",)),
    (vendor_limits, ("Limit",)),
    (connector, ("BadPayload",)),
    (signing, ("BadSignature",)),
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def hooks() -> str:
    """Every hook, with its signature."""
    functions = [node for node in _tree(spec).body if isinstance(node, Function) and _is_marked(node, "hookspec")]
    return "\n\n".join(f"### `{node.name}`\n\n{_function(node)}" for node in functions)


def abilities() -> str:
    """Every ability, with its members; what all connectors have comes first."""
    found = _abilities()
    return "\n\n".join(_protocol(found[name]) for name in [BASE, *(name for name in found if name != BASE)])


def lent() -> str:
    """What a connector is lent that listens, or must answer at once."""
    return "\n\n".join(_protocol(_classes(module)[name]) for module, names in LENT for name in names)


def enrichers() -> str:
    """What an enricher has, and its stand-in."""
    return "\n\n".join(_protocol(_classes(enricher)[name]) for name in ("Enricher", "StandIn"))


def simulator() -> str:
    """What a plugin's simulator has, and what it is given."""
    return "\n\n".join(_protocol(_classes(connector)[name]) for name in BESIDE)


def ability_words() -> str:
    """What `gateway plugin list` calls each ability."""
    lines = ["| word | ability | members |", "|---|---|---|"]
    for word, members in ABILITIES.items():
        lines.append(f"| `{word}` | {link(ability_of(word))} | {', '.join(f'`{member}`' for member in members)} |")
    return "\n".join(lines)


def ability_of(word: str) -> str:
    """The ability that a word stands for."""
    wanted = frozenset(ABILITIES[word])
    return next(name for name, node in _abilities().items() if frozenset(_members(node)) == wanted)


def link(name: str, page: str = "") -> str:
    """A link to the section of a class."""
    return f"[`{name}`]({page}#{name.lower()})"


def _members(node: ast.ClassDef) -> Iterator[str]:
    for part in node.body:
        if isinstance(part, Function):
            yield part.name
        elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            yield part.target.id


def values() -> str:
    """The values that pass through the door."""
    parts = [_value(_classes(module)[name]) for module, names in VALUES for name in names]
    return "\n\n".join(parts)


def ways() -> str:
    """How an account can be proved."""
    given = [node for name, node in _classes(vendor_auth).items() if name in gateway.plugin.__all__]
    return "\n\n".join(_value(node) for node in given)


def client() -> str:
    """What the account's HTTP client can do."""
    found = _classes(vendor_http)
    node = found["VendorHttp"]
    methods = [part for part in node.body if isinstance(part, Function) and not part.name.startswith("_")]
    lent = [method for method in methods if method.name != "aclose"]
    told = ["### `VendorHttp`", _text(node), *(_function(method) for method in lent), _value(found["VendorResponse"])]
    return "\n\n".join(told)


def errors() -> str:
    """How a request can fail."""
    lines = ["| raised | means |", "|---|---|"]
    for name, node in _classes(vendor_errors).items():
        lines.append(f"| `{name}` | {_line(_text(node))} |")
    return "\n".join(lines)


def tools() -> str:
    """The functions that connectors need."""
    nodes = [*_tree(helpers).body, *_tree(vendor_json).body]
    return "\n\n".join(_function(node) for node in nodes if _is_public(node))


def faults() -> str:
    """The faults that mean the same in every simulator."""
    lines = ["| fault | is |", "|---|---|", *(f"| `{name}` | {told} |" for name, told in FAULTS.items())]
    return "\n".join(lines)


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _classes(module: ModuleType) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in _tree(module).body if isinstance(node, ast.ClassDef)}


def _abilities() -> dict[str, ast.ClassDef]:
    """Every ability, and what all connectors have."""
    beside = {*BESIDE, *(name for _, names in LENT for name in names)}
    found = {**_classes(connector), **_classes(listening)}
    return {name: node for name, node in found.items() if _is_protocol(node) and name not in beside}


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)


def _is_marked(node: Function, marker: str) -> bool:
    return any(isinstance(one, ast.Name) and one.id == marker for one in node.decorator_list)


def _protocol(node: ast.ClassDef) -> str:
    parts = [f"### `{node.name}`", _text(node)]
    parts += [f"```python\n{code}\n```" + (f"\n\n{told}" if told else "") for code, told in _attributes(node)]
    parts += [_function(part) for part in node.body if isinstance(part, Function)]
    return "\n\n".join(part for part in parts if part)


def _value(node: ast.ClassDef) -> str:
    lines = [_code(part) for part in node.body if isinstance(part, ast.AnnAssign)]
    lines += [f"def {part.name}({ast.unparse(part.args)})" for part in node.body if _is_public(part)]
    fields = ["```python\n" + "\n".join(lines) + "\n```"] if lines else []
    return "\n\n".join([f"### `{node.name}`", _text(node), *fields])


def _is_public(part: ast.stmt) -> TypeGuard[Function]:
    return isinstance(part, Function) and not part.name.startswith("_")


def _attributes(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Attributes with the text that stands under each."""
    for part, following in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(part, ast.AnnAssign):
            is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            told = inspect.cleandoc(str(following.value.value)) if is_text else ""  # type: ignore[union-attr]
            yield _code(part), told


def _function(node: Function) -> str:
    marks = "".join(f"@{marker}\n" for marker in ("staticmethod", "property") if _is_marked(node, marker))
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returned = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    head = _unquoted(f"{marks}{word} {node.name}({ast.unparse(node.args)}){returned}")
    told = _text(node)
    return f"```python\n{head}\n```" + (f"\n\n{told}" if told else "")


def _code(node: ast.AST) -> str:
    """Code as it is written here: with double quotes."""
    code = ast.unparse(node)
    return code if '"' in code else code.replace("'", '"')


def _unquoted(code: str) -> str:
    """Annotations without the quotes of names that come later, and defaults as they are written."""
    return re.sub(r"(?<=[\w\]])=(?=\S)", " = ", re.sub(r"'([A-Z][A-Za-z]+)'", r"\1", code))


def _text(node: ast.ClassDef | Function) -> str:
    return ast.get_docstring(node) or ""


def _line(text: str) -> str:
    """A docstring as the cell of a table."""
    words = " ".join(text.split()).rstrip(".")
    return (words if words[1:2].isupper() else words[:1].lower() + words[1:]).replace("|", "\\|")
