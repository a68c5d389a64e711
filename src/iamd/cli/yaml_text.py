"""YAML as policies need it: plain words stay text, so that ``2012-10-17``, ``Null`` and account ids keep their form."""

from collections.abc import Iterator
from typing import Any

import yaml

MAX_LENGTH = 4 * 1024 * 1024
"""Bytes of a file."""

_MAX_NODES = 1_000_000  # with every alias written out
_PLAIN = {"true": True, "false": False, "null": None, "~": None, "": None}
_NAMES = ("str", "seq", "map", "null", "bool", "int", "float", "timestamp", "value")
_TAGS = {f"tag:yaml.org,2002:{name}" for name in _NAMES}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class InvalidYaml(ValueError):
    """What is wrong with a file, with the line."""


class Mapping(dict[str, Any]):
    """A mapping that knows the line it starts on, from 1."""

    line: int


def read_yaml(text: str) -> Any:
    """The value: mappings, lists, text, truth values and None. Raises InvalidYaml.

    Numbers and dates are text, and so is every quoted word. A key stands once in a mapping.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidYaml(f"a file has at most {MAX_LENGTH:,} bytes")
    try:
        node = yaml.compose(text, Loader=_Loader)
        return None if node is None else _Reader().read(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InvalidYaml(f"line {mark.line + 1 if mark else 1}: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidYaml(str(error).splitlines()[0]) from None


class _Reader:
    """Makes values of nodes; an alias gives the value that its anchor gave."""

    def __init__(self) -> None:
        self._values: dict[int, tuple[Any, int]] = {}  # with how many nodes it is, written out
        self._open: set[int] = set()

    def read(self, node: yaml.Node) -> Any:
        return self._read(node)[0]

    def _read(self, node: yaml.Node) -> tuple[Any, int]:
        found = self._values.get(id(node))
        if found is None:
            if id(node) in self._open:
                raise _error(node, "this contains itself")
            if node.tag not in _TAGS:
                raise _error(node, "tags and merge keys are not known here")
            self._open.add(id(node))
            found = self._values[id(node)] = self._make(node)
            self._open.remove(id(node))
            if found[1] > _MAX_NODES:
                raise _error(node, "this is too much with its aliases written out")
        return found

    def _make(self, node: yaml.Node) -> tuple[Any, int]:
        if isinstance(node, yaml.ScalarNode):
            plain = node.style is None or node.style == ""
            return (_PLAIN.get(node.value, node.value) if plain else node.value), 1
        if isinstance(node, yaml.SequenceNode):
            values = [self._read(each) for each in node.value]
            return [value for value, _ in values], 1 + sum(size for _, size in values)
        mapping = Mapping()
        mapping.line = node.start_mark.line + 1
        total = 1
        for name, value, size in self._members(node):
            mapping[name] = value
            total += size
        return mapping, total

    def _members(self, node: yaml.Node) -> Iterator[tuple[str, Any, int]]:
        names = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in _TAGS:
                raise _error(key, "a key is to be text")
            if key.value in names:
                raise _error(key, f'"{key.value}" is here twice')
            names.add(key.value)
            yield key.value, *self._read(value)


def _error(node: yaml.Node, problem: str) -> InvalidYaml:
    return InvalidYaml(f"line {node.start_mark.line + 1}: {problem}")
