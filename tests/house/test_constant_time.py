"""Proofs are compared in constant time: no `==` on what is named like a signature, a token or a secret."""

import ast
import re

from tests.support.source import modules, relative, tree_of

PROOF = re.compile(
    r"(^|[_-])(signatures?|hmac|mac|tokens?|secrets?|passwords?|(hex)?digests?|api[_-]?keys?)($|[_-])", re.IGNORECASE
)
MAKES_PROOF = re.compile(r"(^|_)(signature|hmac|(hex)?digest)($|_)", re.IGNORECASE)


def named(node: ast.expr) -> str:
    """What an operand is called: by its last name, its key, or the function that makes it."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=(ast.Name(id=name) | ast.Attribute(attr=name))):
            return name if MAKES_PROOF.search(name) else ""
        case ast.Subscript(value=inner, slice=ast.Constant(value=str(key))):
            return key if PROOF.search(key) else named(inner)
        case ast.Subscript(value=inner):
            return named(inner)
    return ""


def leaking_comparisons(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and name of every comparison that stops at the first difference of a proof. With a constant, nothing is
    proved: an empty text, a kind, a count.
    """
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        operands = [node.left, *node.comparators]
        if any(isinstance(operand, ast.Constant) for operand in operands):
            continue
        if any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops):
            found += [(node.lineno, name) for name in map(named, operands) if PROOF.search(name)]
    return sorted(found)


def test_proofs_are_compared_in_constant_time() -> None:
    """`hmac.compare_digest`, or `same_secret` from the door, which is the same for texts."""
    found = [
        f"{relative(path)}:{line}: {name}" for path in modules() for line, name in leaking_comparisons(tree_of(path))
    ]

    assert found == []


def test_a_leaking_comparison_is_found() -> None:
    """As a name, an attribute, a header, a call, on either side; constants and other names pass."""
    leaks = ast.parse(
        "signature == given\n"
        "given != request.token\n"
        "headers['x-signature'] == mark\n"
        "mark == hashed.hexdigest()\n"
        "given == self.sign_hmac(body)\n"
        "secret == ''\n"
        "tokenised == words\n"
        "compare_digest(secret, given)\n"
    )

    assert [line for line, _ in leaking_comparisons(leaks)] == [1, 2, 3, 4, 5]
