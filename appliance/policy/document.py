"""A YAML document as plain values, with the line of each key.

A subset of YAML: one document, no aliases (a few of them can expand to gigabytes), no tags, no
duplicate keys. Scalars are those of PyYAML's safe loader, YAML 1.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

Value = object

_MAP, _LIST = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"


class DocumentError(Exception):
    """What is wrong, in which line (from 1), at which key, such as ``session.idle_seconds``.

    ``parse`` turns it into a ``PolicyError``; it never leaves this package.
    """

    def __init__(self, line: int, key: str, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.key = key
        self.what = what


@dataclass(frozen=True, slots=True)
class Document:
    """``values``: the content. ``lines``: of each key, by its dotted name."""

    values: Value
    lines: dict[str, int]

    def line(self, key: str) -> int:
        """The line of a key, or of the innermost section that holds it."""
        while key and key not in self.lines:
            key = key.rpartition(".")[0]
        return self.lines.get(key, 1)


class _Loader(yaml.SafeLoader):
    """Composes nodes, and refuses aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose the next node; raises ``DocumentError`` if it is an alias."""
        if self.check_event(yaml.AliasEvent):
            raise DocumentError(self.line + 1, "", "aliases are not used in a policy")
        return super().compose_node(parent, index)


def read(text: str) -> Document:
    """The document in ``text``. Raises ``DocumentError`` if there is none."""
    lines: dict[str, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        values = {} if node is None else _value(loader, node, "", lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DocumentError(
            mark.line + 1 if mark else 1, "", error.problem or "not YAML"
        ) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise DocumentError(line, "", "a character that YAML does not allow") from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        # Numbers and dates that Python refuses; brackets nested too deeply.
        raise DocumentError(1, "", "not a text that YAML allows") from error
    return Document(values, lines)


def _value(loader: _Loader, node: yaml.Node, key: str, lines: dict[str, int]) -> Value:
    lines.setdefault(key, node.start_mark.line + 1)
    if not isinstance(node, yaml.ScalarNode) and node.tag not in (_MAP, _LIST):
        raise DocumentError(lines[key], key, "tags are not used in a policy")
    if isinstance(node, yaml.MappingNode):
        return dict(_entries(loader, node, key, lines))
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(loader, item, f"{key}.{index}", lines) for index, item in enumerate(node.value)
        ]
    return loader.construct_object(node)


def _entries(
    loader: _Loader, node: yaml.MappingNode, key: str, lines: dict[str, int]
) -> Iterator[tuple[str, Value]]:
    for name_node, value_node in node.value:
        line = name_node.start_mark.line + 1
        name = name_node.value
        if not isinstance(name, str) or name_node.tag != "tag:yaml.org,2002:str":
            raise DocumentError(line, key, "a key is not a string")
        inner = f"{key}.{name}" if key else name
        if inner in lines:
            raise DocumentError(line, inner, f"already set in line {lines[inner]}")
        lines[inner] = line
        yield name, _value(loader, value_node, inner, lines)
