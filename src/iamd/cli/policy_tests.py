"""Policy unit tests: YAML files of cases with the decision that is expected of each, read and run."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from msgspec import Struct

from iamd.cli.yaml_text import MAX_LENGTH, InvalidYaml, read_yaml
from iamd.policy import Decision, StatementReference, authorize, explain
from iamd.policy.case import Case, InvalidCase, quote, read_case, read_policies, read_request
from iamd.policy.references import refer

DECISIONS = ("allowed", "explicitDeny", "implicitDeny")
SUFFIXES = (".yaml", ".yml")

_LISTS = ("identity_policies", "permissions_boundary", "session_policies", "vpc_endpoint_policies")
_LEVELS = ("scps", "rcps")
_SINGLE = ("resource_policy", "trust_policy")


class Outcome(Struct, frozen=True, kw_only=True):
    """How one test went: passed, failed for its problems, or not run for its error."""

    file: str
    line: int
    name: str
    passed: bool
    problems: tuple[str, ...] = ()  # what differs from what is expected
    explanation: str | None = None  # of the decision that was not expected
    error: str | None = None  # why there is no decision
    seconds: float = 0.0


class Expectation(Struct, frozen=True, kw_only=True):
    """What a test expects; None: anything."""

    decision: str
    blocked_by: str | None = None  # a type of policy
    matched_statements: tuple[str, ...] = ()  # among those that decide: each a Sid, or a policy[index]

    def differences(self, decision: Decision) -> Iterator[str]:
        """What is not as expected, for people."""
        if decision.outcome != self.decision:
            yield f"decision: {self.decision} was expected, it is {decision.outcome}"
        if self.blocked_by is not None and decision.policy_type != self.blocked_by:
            yield f"blocked_by: {self.blocked_by} was expected, it is {decision.policy_type or 'nothing'}"
        matched = [refer(match) for match in decision.matched]
        for expected in self.matched_statements:
            if not any(expected in _names(reference) for reference in matched):
                found = ", ".join(_names(reference)[0] for reference in matched) or "none"
                yield f"matched_statements: {expected} was expected among them, they are: {found}"


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and the YAML files under the directories named, each once."""
    files: dict[Path, None] = {}
    for path in paths:
        found = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES) if path.is_dir() else [path]
        files |= dict.fromkeys(each for each in found if each.is_file())
    return list(files)


def run_file(file: Path) -> Iterator[Outcome]:
    """Runs the tests of a file. A file that cannot be read is one test with an error."""
    try:
        tests = _TestFile(file)
    except InvalidCase as error:
        yield Outcome(file=str(file), line=1, name=file.name, passed=False, error=str(error))
        return
    for number, test in enumerate(tests.cases, 1):
        yield tests.run(number, test)


class _TestFile:
    """The members of one file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        document = _read_document(file)
        unknown = sorted(document.keys() - {"policies", "defaults", "cases"})
        if unknown:
            raise InvalidCase(f"unknown: {', '.join(unknown)}. A file has policies, defaults and cases.")
        self._policies = _mapping("policies", document.get("policies"))
        self._defaults = _mapping("defaults", document.get("defaults"))
        self.cases: Sequence[Any] = document.get("cases") or ()
        if not isinstance(self.cases, list) or not self.cases:
            raise InvalidCase("cases is to be a list of cases.")

    def run(self, number: int, test: Any) -> Outcome:
        name = str(test.get("name") or f"case {number}") if isinstance(test, Mapping) else f"case {number}"
        line = getattr(test, "line", 1)
        began = perf_counter()
        try:
            expectation, case, sources = self._read(test)
            decision = authorize(read_request(case), read_policies(case, sources))
        except InvalidCase as error:
            return Outcome(file=str(self._file), line=line, name=name, passed=False, error=str(error))
        problems = tuple(expectation.differences(decision))
        return Outcome(
            file=str(self._file),
            line=line,
            name=name,
            passed=not problems,
            problems=problems,
            explanation=str(explain(decision)) if problems else None,
            seconds=perf_counter() - began,
        )

    def _read(self, test: Any) -> tuple[Expectation, Case, dict[str, str]]:
        if not isinstance(test, Mapping) or "expect" not in test:
            raise InvalidCase("A case is a mapping with request and expect.")
        expectation = _read_expectation(test["expect"])
        members = {**self._defaults, **test, "request": _merge(self._defaults.get("request"), test.get("request"))}
        del members["expect"]
        sources: dict[str, str] = {}
        for name in _SINGLE:
            if members.get(name) is not None:
                members[name] = self._document(name, members[name], sources)
        for name in _LISTS:
            if members.get(name) is not None:
                members[name] = self._documents(name, members[name], sources)
        for name in _LEVELS:
            if members.get(name) is not None:
                levels = _list(name, members[name])
                members[name] = [
                    self._documents(f"{name}[{number}]", level, sources) for number, level in enumerate(levels)
                ]
        return expectation, read_case(json.dumps(members).encode()), sources

    def _documents(self, place: str, values: Any, sources: dict[str, str]) -> list[str]:
        return [
            self._document(f"{place}[{number}]", value, sources) for number, value in enumerate(_list(place, values))
        ]

    def _document(self, place: str, value: Any, sources: dict[str, str]) -> str:
        """The text of a document: named, or in a file, or itself as YAML or JSON text. Notes where it comes from."""
        source = None
        if isinstance(value, str) and value in self._policies:
            source, value = value, self._policies[value]
        if isinstance(value, Mapping):
            sources[place] = source or f"{self._file}:{getattr(value, 'line', 1)}"
            return json.dumps(value)
        if not isinstance(value, str):
            raise InvalidCase(f"{place} is to be a policy: its name under policies, its file, or itself.")
        if value.lstrip().startswith("{"):
            sources[place] = source or f"{self._file}, {place}"
            return value
        sources[place] = source or value
        return self._read_file(value)

    def _read_file(self, name: str) -> str:
        path = self._file.parent / name
        try:
            found = path.is_file()
        except OSError:  # too long a name for a file
            found = False
        if not found:
            raise InvalidCase(f"There is no policy {quote(name)}: neither under policies nor a file beside this one.")
        return _read_text(path)


def _read_expectation(value: Any) -> Expectation:
    if isinstance(value, str):
        value = {"decision": value}
    if not isinstance(value, Mapping) or not value.keys() <= {"decision", "blocked_by", "matched_statements"}:
        raise InvalidCase("expect is to be a decision, or a mapping of decision, blocked_by and matched_statements.")
    if value.get("decision") not in DECISIONS:
        raise InvalidCase(f"expect: the decision is one of {', '.join(DECISIONS)}.")
    statements = _list("expect: matched_statements", value.get("matched_statements") or [])
    return Expectation(
        decision=value["decision"],
        blocked_by=value.get("blocked_by"),
        matched_statements=tuple(map(str, statements)),
    )


def _names(reference: StatementReference) -> tuple[str, ...]:
    """How a test may name a statement."""
    by_place = f"{reference.policy}[{reference.index}]"
    return (by_place,) if reference.sid is None else (reference.sid, by_place)


def _merge(default: Any, given: Any) -> Any:
    """A request with what it does not give taken from the defaults; condition keys one by one."""
    merged = {**_mapping("defaults: request", default), **_mapping("request", given)}
    contexts = [_mapping("context", each.get("context")) for each in (default or {}, given or {})]
    if any(contexts):
        merged["context"] = {**contexts[0], **contexts[1]}
    return merged


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidCase(f"{name} is to be a mapping.")
    return value


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidCase(f"{name} is to be a list.")
    return value


def _read_document(file: Path) -> Mapping[str, Any]:
    try:
        return _mapping("The file", read_yaml(_read_text(file)))
    except InvalidYaml as error:
        raise InvalidCase(str(error)) from None


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            data = opened.read(MAX_LENGTH + 1)
        return data.decode()
    except OSError as error:
        raise InvalidCase(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidCase(f"{path} is no UTF-8 text.") from None
