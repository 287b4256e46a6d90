"""Names for tensors, read from the learner's syntax tree: assignment targets, and operands that are plain names."""

from __future__ import annotations

import ast
from functools import cached_property, lru_cache
from itertools import islice
from types import CodeType

Position = tuple[int, int, int, int]
"""A code object's own words: line, end line, column, end column, the columns in UTF-8 bytes."""

Target = str | tuple["Target | None", ...]
"""A name, or a tuple of them as in `a, b = x.split(2)`; None for a target that is no name."""


class Index:
    """What the text of one source says about names, by byte position as code objects give it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._callees: dict[Position, str | None] = {}
        self._operands: dict[tuple[Position, int, bool], tuple[str | None, ...]] = {}

    @cached_property
    def _tree(self) -> ast.Module:
        try:
            return ast.parse(self._text)
        except (SyntaxError, ValueError):
            return ast.Module(body=[], type_ignores=[])

    @cached_property
    def _nodes(self) -> list[ast.AST]:
        return list(ast.walk(self._tree))

    @cached_property
    def _targets(self) -> dict[Position, list[Target]]:
        found: dict[Position, list[Target]] = {}
        for node in self._nodes:
            match node:
                case ast.Assign(targets=targets, value=value):
                    found.setdefault(_position(value), []).extend(_known(targets))
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    found.setdefault(_position(value), []).extend(_known([target]))
                case ast.NamedExpr(target=target, value=value):
                    found.setdefault(_position(value), []).extend(_known([target]))
                case ast.AugAssign(target=target):
                    found.setdefault(_position(node), []).extend(_known([target]))
        return found

    @cached_property
    def _lines(self) -> dict[int, tuple[str, ...]]:
        found: dict[int, list[str]] = {}
        for node in self._nodes:
            first, last, names = _bound(node)
            for line in range(first, last + 1) if names else ():
                found.setdefault(line, []).extend(name for name in names if name not in found.get(line, ()))
        return {line: tuple(names) for line, names in found.items()}

    @cached_property
    def _expressions(self) -> dict[Position, ast.AST]:
        return {_position(node): node for node in self._nodes if isinstance(node, (ast.expr, ast.AugAssign))}

    @cached_property
    def _shown(self) -> dict[Position, Position]:
        found: dict[Position, Position] = {}
        for node in self._nodes:
            match node:
                case ast.For(iter=head) | ast.AsyncFor(iter=head):
                    found[_position(node)] = _position(head)
                case (
                    ast.ListComp(generators=[only])
                    | ast.SetComp(generators=[only])
                    | ast.DictComp(generators=[only])
                    | ast.GeneratorExp(generators=[only])
                ):
                    found[_position(node)] = _position(only.iter)
                case ast.Assign(targets=[ast.Subscript() as target]):
                    found[_position(target)] = _position(node)
        return found

    def shown(self, position: Position) -> Position:
        """What a reader is to see of it: of a loop what it goes through, of `h[0] = 5` the whole."""
        return self._shown.get(position, position)

    def targets(self, position: Position) -> list[Target]:
        """The targets that take exactly the value of the expression at this position."""
        return self._targets.get(position, [])

    @cached_property
    def loop_names(self) -> frozenset[str]:
        """The names that a `for` gives to one thing after the other."""
        loops = (node.target for node in self._nodes if isinstance(node, ast.For))
        return frozenset(name for target in loops for name in _flat([target]))

    def names_bound(self, line: int) -> tuple[str, ...]:
        """The names that the statements over this line bind."""
        return self._lines.get(line, ())

    def callee(self, position: Position) -> str | None:
        """`relu` of the call `torch.relu(x)`; None where there is no call."""
        if position not in self._callees:
            self._callees[position] = _callee(self._expressions.get(position))
        return self._callees[position]

    def called(self, position: Position) -> str | None:
        """`model` of the call `model(x)`, `self.net[0]` of `self.net[0](x)`; "" of `Linear(1, 2)(x)`, which has no name."""
        match self._expressions.get(position):
            case ast.Call(func=ast.Call()):
                return ""
            case ast.Call(func=function) if _is_path(function):
                return ast.unparse(function)
        return None

    def receiver(self, position: Position) -> str | None:
        """`opt` of the call `opt.step()`."""
        match self._expressions.get(position):
            case ast.Call(func=ast.Attribute(value=holder)) if _is_path(holder):
                return ast.unparse(holder)
        return None

    def first_argument(self, position: Position) -> str | None:
        """`opt` of the call `scaler.step(opt)`."""
        match self._expressions.get(position):
            case ast.Call(args=[argument, *_]) if _is_path(argument):
                return ast.unparse(argument)
        return None

    def operands(self, position: Position, *, count: int, reflected: bool) -> tuple[str | None, ...]:
        """The names written as arguments of the operation at this position, in the order of its `count` arguments."""
        key = (position, count, reflected)
        found = self._operands.get(key)
        if found is None:
            found = self._operands[key] = self._read_operands(position, count=count, reflected=reflected)
        return found

    def _read_operands(self, position: Position, *, count: int, reflected: bool) -> tuple[str | None, ...]:
        match self._expressions.get(position):
            case ast.BinOp(left=left, right=right):
                pair = (_name(left), _name(right))
                return pair[::-1] if reflected else pair
            case ast.Compare(left=left, comparators=[right]):
                return _name(left), _name(right)
            case ast.AugAssign(target=target, value=value):
                return _name(target), _name(value)
            case ast.UnaryOp(operand=operand):
                return (_name(operand),)
            case ast.Subscript(value=value) | ast.Attribute(value=value):
                return (_name(value),)
            case ast.Call() as call:
                return _call_operands(call, count)
        return ()


index_of = lru_cache(maxsize=32)(Index)
"""Of the texts that were read last: a cell is run again, a module is met by each of them."""


def _is_path(expression: ast.expr) -> bool:
    """Whether it is a name, or attributes and constant places from one."""
    match expression:
        case ast.Name():
            return True
        case ast.Attribute(value=value) | ast.Subscript(value=value, slice=ast.Constant()):
            return _is_path(value)
    return False


def _callee(expression: ast.AST | None) -> str | None:
    match expression:
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name
    return None


def _call_operands(call: ast.Call, count: int) -> tuple[str | None, ...]:
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return ()
    arguments = tuple(_name(argument) for argument in call.args)
    if isinstance(call.func, ast.Attribute) and count == len(arguments) + 1:
        return _name(call.func.value), *arguments
    return arguments if count == len(arguments) else ()


def _bound(node: ast.AST) -> tuple[int, int, list[str]]:
    """First and last line of a binding statement (a `for` or `with`: of its head), and the names that it binds."""
    match node:
        case ast.Assign(targets=targets):
            return node.lineno, node.end_lineno or node.lineno, _flat(targets)
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target) | ast.NamedExpr(target=target):
            return node.lineno, node.end_lineno or node.lineno, _flat([target])
        case ast.For(target=target, iter=head):
            return node.lineno, head.end_lineno or node.lineno, _flat([target])
        case ast.With(items=items):
            names = _flat([item.optional_vars for item in items if item.optional_vars is not None])
            return node.lineno, items[-1].context_expr.end_lineno or node.lineno, names
    return 0, -1, []


def _flat(targets: list[ast.expr]) -> list[str]:
    return [
        node.id
        for target in targets
        for node in ast.walk(target)
        if isinstance(node, ast.Name) and _stores(node)
    ]


def _stores(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _known(targets: list[ast.expr]) -> list[Target]:
    return [target for target in map(_target, targets) if target is not None]


def _target(node: ast.expr) -> Target | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            if any(isinstance(element, ast.Starred) for element in elements):
                return None
            return tuple(_target(element) for element in elements)
    return None


def _name(node: ast.expr) -> str | None:
    """A name; or `self.w`, `ws[i]`, which say that it lies in something."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name()) | ast.Subscript(value=ast.Name()):
            return ast.unparse(node)
    return None


def _position(node: ast.expr | ast.stmt) -> Position:
    return (
        node.lineno,
        node.end_lineno or node.lineno,
        node.col_offset,
        node.end_col_offset or node.col_offset,
    )


def position_of(code: CodeType, last: int) -> Position | None:
    """The source position of the instruction at byte offset `last`; None where the code does not know."""
    if last < 0:
        return None
    line, end_line, col, end_col = next(islice(code.co_positions(), last // 2, None), (None,) * 4)
    if line is None or end_line is None or col is None or end_col is None:
        return None
    return line, end_line, col, end_col
