"""Which fields of the policy the package reads, found in its syntax trees.

A field counts as read where an attribute of its name is loaded from an expression whose type is
known to be that section: by the annotation of a parameter, a field or a property, by assignment, by
iteration, or by calling what returns one. An expression of unknown type counts for nothing, so that
a field of the same name elsewhere cannot stand in for one of the policy.
"""

from __future__ import annotations

import ast
import types
import typing
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from appliance.policy import policy
from appliance.policy.policy import Policy, Section
from tests.paths import REPOSITORY

Place = str
"""``module.py``, relative to the package."""

# What states or shows a policy does not act upon it.
NOT_CONSUMERS = ("policy/", "cli/commands/policy.py", "cli/doctor/")

SECTIONS: dict[str, type[Section]] = {
    name: kind
    for name, kind in vars(policy).items()
    if isinstance(kind, type) and issubclass(kind, Section) and kind is not Section
}
_POLICY_MODULES = ("appliance.policy.policy", "appliance.policy.load")
_GIVES_A_POLICY = frozenset({"load", "parse", "EMBEDDED"})


def leaves(kind: type[Section] = Policy, before: str = "") -> Iterator[tuple[str, type[Section]]]:
    """The dotted name of every field that is no section, and the section that it is in."""
    hints = typing.get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        inner = _section_in(hints[field.name])
        if inner is None:
            yield f"{before}{field.name}", kind
        else:
            yield from leaves(inner, f"{before}{field.name}.")


def _section_in(hint: object) -> type[Section] | None:
    """The section that a hint is, or holds as ``tuple[Project, ...]`` does."""
    if isinstance(hint, type) and issubclass(hint, Section):
        return hint
    inner = (_section_in(one) for one in typing.get_args(hint))
    return next((one for one in inner if one is not None), None)


class Module:
    """One module, and which of its names are types of the policy."""

    def __init__(self, place: Place, text: str) -> None:
        self.place = place
        self.tree = ast.parse(text)
        self.kinds: dict[str, str] = {}
        self.givers: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module in _POLICY_MODULES:
                for alias in node.names:
                    name = alias.asname or alias.name
                    if alias.name in SECTIONS:
                        self.kinds[name] = alias.name
                    elif alias.name in _GIVES_A_POLICY:
                        self.givers.add(name)

    def annotated(self, annotation: ast.expr | None) -> str | None:
        """The type that an annotation names: of the policy, or a class of the package."""
        for node in ast.walk(annotation) if annotation is not None else ():
            if isinstance(node, ast.Name):
                return self.kinds.get(node.id, node.id)
        return None


class Reader:
    """Reads all modules twice: first the attributes of classes, then what functions load."""

    def __init__(self, modules: list[Module]) -> None:
        self.attributes: dict[tuple[str, str], str] = {}
        self.reads: defaultdict[tuple[str, str], set[Place]] = defaultdict(set)
        for module in modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ClassDef):
                    self._learn(module, node)
        for module in modules:
            self._visit(module, module.tree, {})

    def _learn(self, module: Module, node: ast.ClassDef) -> None:
        for line in node.body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                self._attribute(node.name, line.target.id, module.annotated(line.annotation))
            elif isinstance(line, ast.FunctionDef):
                self._attribute(node.name, line.name, module.annotated(line.returns))
                known = _parameters(module, line)
                for inner in ast.walk(line):
                    if isinstance(inner, ast.Assign):
                        self._assigned(module, node.name, inner, known)

    def _assigned(
        self, module: Module, owner: str, node: ast.Assign, known: dict[str, str]
    ) -> None:
        for target in node.targets:
            if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                self._attribute(owner, target.attr, self.type_of(module, node.value, known))

    def _attribute(self, owner: str, name: str, kind: str | None) -> None:
        if kind is not None:
            self.attributes[owner, name] = kind

    def _visit(self, module: Module, node: ast.AST, known: dict[str, str]) -> None:
        if isinstance(node, ast.ClassDef):
            known = {**known, "self": node.name}
        elif isinstance(node, ast.FunctionDef | ast.Lambda):
            known = {**known, **_parameters(module, node)}
        for inner in ast.iter_child_nodes(node):
            # Generators bind their variable before their element is read.
            if isinstance(inner, ast.comprehension):
                self._bind(module, inner.target, inner.iter, known)
        for inner in ast.iter_child_nodes(node):
            self._visit(module, inner, known)
            if isinstance(inner, ast.Assign):
                for target in inner.targets:
                    self._bind(module, target, inner.value, known)
            elif isinstance(inner, ast.For):
                self._bind(module, inner.target, inner.iter, known)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            owner = self.type_of(module, node.value, known)
            if owner in SECTIONS:
                self.reads[owner, node.attr].add(module.place)

    def _bind(
        self, module: Module, target: ast.expr, value: ast.expr, known: dict[str, str]
    ) -> None:
        kind = self.type_of(module, value, known)
        if isinstance(target, ast.Name) and kind is not None:
            known[target.id] = kind

    def type_of(self, module: Module, node: ast.expr, known: dict[str, str]) -> str | None:
        """The type of an expression; of a sequence, that of its elements."""
        found = None
        match node:
            case ast.Name(id=name):
                found = "Policy" if name in module.givers else known.get(name)
            case ast.Attribute(value=value, attr=name):
                found = self._attribute_of(self.type_of(module, value, known), name)
            case ast.Call(func=called):
                found = self.type_of(module, called, known)
            case ast.IfExp(body=one, orelse=other):
                found = self.type_of(module, one, known) or self.type_of(module, other, known)
            case ast.BoolOp(values=values):
                kinds = (self.type_of(module, value, known) for value in values)
                found = next((kind for kind in kinds if kind is not None), None)
            case ast.GeneratorExp(elt=element, generators=generators):
                inner = dict(known)
                for generator in generators:
                    self._bind(module, generator.target, generator.iter, inner)
                found = self.type_of(module, element, inner)
        return found

    def _attribute_of(self, owner: str | None, name: str) -> str | None:
        if owner is None:
            return None
        if owner not in SECTIONS:
            return self.attributes.get((owner, name))
        section = _section_in(typing.get_type_hints(SECTIONS[owner]).get(name))
        return None if section is None else section.__name__


def _parameters(module: Module, node: ast.FunctionDef | ast.Lambda) -> dict[str, str]:
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    found = {one.arg: module.annotated(one.annotation) for one in arguments}
    return {name: kind for name, kind in found.items() if kind is not None}


def package() -> list[Module]:
    """The modules that may act upon a policy."""
    folder = REPOSITORY / "appliance"
    paths = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*.py"))}
    return [
        Module(place, path.read_text())
        for place, path in paths.items()
        if not place.startswith(NOT_CONSUMERS)
    ]


def example(text: str) -> list[Module]:
    """One module, ``more.py``, to test the reader with; all sections are known there."""
    return [Module("more.py", f"from {_POLICY_MODULES[0]} import {', '.join(SECTIONS)}\n{text}")]


def consumers(
    modules: list[Module],
) -> types.MappingProxyType[tuple[str, str], frozenset[Place]]:
    """By section and field, those of ``modules`` that read it."""
    found = Reader(modules).reads
    return types.MappingProxyType({key: frozenset(places) for key, places in found.items()})
