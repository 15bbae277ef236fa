"""Formulas over steps, `[1] * ([2] - [3])`: read, evaluated, differentiated (docs/formulas.md, F3.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import EquationError
from core.model.sums import FloatArray

FIELD = "equation.formula"
Operator = Literal["+", "-", "*", "/"]
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?|\.\d+)|\[\s*(\d+)\s*\]|([-+*/()×−÷]))")
_SAME_AS: dict[str, str] = {"×": "*", "−": "-", "÷": "/"}


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Ref:
    """A step by its position, counted from 0."""

    index: int


@dataclass(frozen=True)
class Operation:
    """Two operands and what joins them."""

    operator: Operator
    left: Node
    right: Node


Node = Number | Ref | Operation


@dataclass(frozen=True)
class _Token:
    kind: Literal["number", "step", "mark", "end"]
    text: str
    position: int


def parse_formula(text: str, step_count: int) -> Node:
    """The formula as a tree.

    Raises EquationError with the position of what cannot be understood, of a step that does not exist, and for a
        step that the formula leaves out.
    """
    node = _Parser(text, step_count).parse()
    left_out = sorted(set(range(step_count)) - set(references(node)))
    if left_out:
        raise EquationError(
            f"Step [{left_out[0] + 1}] does not occur in the formula '{text}'. Use it there, or remove the step.",
            field=FIELD,
        )
    return node


def references(node: Node) -> Iterator[int]:
    """Positions of the steps in the order they are written, repeated ones too."""
    if isinstance(node, Ref):
        yield node.index
    elif isinstance(node, Operation):
        yield from references(node.left)
        yield from references(node.right)


def is_read_once(node: Node) -> bool:
    """Whether each step occurs once and nothing is divided by a step: then the path integral is Shapley (F3.2)."""
    found = list(references(node))
    return len(found) == len(set(found)) and not _divides_by_step(node)


def is_product_of_all(node: Node, step_count: int) -> bool:
    """Whether the formula is nothing but the product of all steps, each once."""

    def plain(part: Node) -> bool:
        return isinstance(part, Ref) or (
            isinstance(part, Operation) and part.operator == "*" and plain(part.left) and plain(part.right)
        )

    return plain(node) and sorted(references(node)) == list(range(step_count))


def independent_parts(node: Node) -> list[set[int]]:
    """Steps grouped so that the formula is a sum of terms, each over one group."""
    groups: list[set[int]] = []
    for term in _terms(node):
        joined = set(references(term))
        apart = [group for group in groups if not group & joined]
        for group in groups:
            if group & joined:
                joined |= group
        groups = [*apart, joined] if joined else apart
    return groups


def evaluate(node: Node, values: Sequence[FloatArray] | FloatArray) -> FloatArray:
    """The formula's value; values[k] belongs to step k, all of one shape; NaN where it divides by 0."""
    if isinstance(node, Number):
        return np.full_like(values[0], node.value)
    if isinstance(node, Ref):
        return np.asarray(values[node.index], dtype=np.float64)
    left, right = evaluate(node.left, values), evaluate(node.right, values)
    if node.operator == "+":
        return left + right
    if node.operator == "-":
        return left - right
    if node.operator == "*":
        return left * right
    return _divide(left, right)


def gradient(node: Node, values: FloatArray) -> FloatArray:
    """Partial derivatives by every step, shape of `values`: (steps, …)."""
    slopes = np.zeros_like(values)
    _push(node, values, np.ones_like(values[0]), slopes)
    return slopes


def _push(node: Node, values: FloatArray, seed: FloatArray, slopes: FloatArray) -> None:
    """Adds `seed` times the derivatives of `node` to `slopes`."""
    if isinstance(node, Ref):
        slopes[node.index] += seed
    elif isinstance(node, Operation):
        if node.operator in ("+", "-"):
            _push(node.left, values, seed, slopes)
            _push(node.right, values, seed if node.operator == "+" else -seed, slopes)
            return
        left, right = evaluate(node.left, values), evaluate(node.right, values)
        if node.operator == "*":
            _push(node.left, values, seed * right, slopes)
            _push(node.right, values, seed * left, slopes)
        else:
            _push(node.left, values, _divide(seed, right), slopes)
            _push(node.right, values, -seed * _divide(_divide(left, right), right), slopes)


def _divide(top: FloatArray, bottom: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(bottom == 0, np.nan, top / bottom)


def _divides_by_step(node: Node) -> bool:
    if not isinstance(node, Operation):
        return False
    here = node.operator == "/" and any(True for _ in references(node.right))
    return here or _divides_by_step(node.left) or _divides_by_step(node.right)


def _terms(node: Node) -> Iterator[Node]:
    if isinstance(node, Operation) and node.operator in ("+", "-"):
        yield from _terms(node.left)
        yield from _terms(node.right)
    else:
        yield node


class _Parser:
    """Recursive descent: sum of products of signed primaries."""

    def __init__(self, text: str, step_count: int) -> None:
        self._text, self._step_count = text, step_count
        self._tokens = list(self._read())
        self._next = 0

    def parse(self) -> Node:
        node = self._sum()
        token = self._peek()
        if token.kind != "end":
            raise self._error(f"An operator (+ - * /) is missing before '{token.text}'", token.position)
        return node

    def _read(self) -> Iterator[_Token]:
        position = 0
        end = len(self._text.rstrip())
        while position < end:
            match = _TOKEN.match(self._text, position)
            start = position + len(self._text[position:]) - len(self._text[position:].lstrip())
            if match is None:
                raise self._error(
                    f"'{self._text[start]}' cannot be read. A formula has steps [1] to [{self._step_count}], numbers, "
                    "+ - * / and parentheses",
                    start,
                )
            number, step, mark = match.groups()
            kind: Literal["number", "step", "mark"] = "number" if number else "step" if step else "mark"
            text = number or step or _SAME_AS.get(mark, mark)
            yield _Token(kind, text, start)
            position = match.end()
        yield _Token("end", "", end)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *marks: str) -> _Token | None:
        token = self._peek()
        if token.kind == "mark" and token.text in marks:
            self._next += 1
            return token
        return None

    def _sum(self) -> Node:
        node = self._product()
        while token := self._take("+", "-"):
            node = Operation("+" if token.text == "+" else "-", node, self._product())
        return node

    def _product(self) -> Node:
        node = self._signed()
        while token := self._take("*", "/"):
            node = Operation("*" if token.text == "*" else "/", node, self._signed())
        return node

    def _signed(self) -> Node:
        if self._take("-"):
            return Operation("-", Number(0.0), self._signed())
        return self._primary()

    def _primary(self) -> Node:
        token = self._peek()
        if opening := self._take("("):
            node = self._sum()
            if not self._take(")"):
                raise self._error("The parenthesis opened here is never closed", opening.position)
            return node
        self._next += 1
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind == "step":
            return self._step(token)
        found = "the formula ends" if token.kind == "end" else f"'{token.text}' stands there"
        raise self._error(f"A step such as [1], a number or '(' is expected, but {found}", token.position)

    def _step(self, token: _Token) -> Ref:
        number = int(token.text)
        if not 1 <= number <= self._step_count:
            known = "[1]" if self._step_count == 1 else f"[1] to [{self._step_count}]"
            raise self._error(f"There is no step [{number}]; the steps are {known}", token.position)
        return Ref(number - 1)

    def _error(self, what: str, position: int) -> EquationError:
        return EquationError(
            f"{what} (formula '{self._text}', character {position + 1}).", field=FIELD, position=position
        )
