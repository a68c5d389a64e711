"""What the model demands of an input beyond its types, and how AWS words what is wrong with it.

All violations of a request are told in one ValidationError. IAM leaves the value out of the text, STS prints it.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from iamd.errors import ValidationError
from iamd.wire.models import OperationModel, Reference, ServiceModel, Shape
from iamd.wire.patterns import compile_pattern

# Limits that AWS's front end was seen to apply in place of its model's.
_OBSERVED: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("sts", "sourceIdentityType"): {"max": 256},
    ("sts", "policyDescriptorListType"): {"max": 10},  # documented with the operations
}

# Lists of single values whose text also demands that no element is null.
_ELEMENTS_NOT_NULL: Final = frozenset({"tagKeyListType"})

_NAME: Final = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
_PATH: Final = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
_PATH_PREFIX: Final = "It must begin with the / character and contain only alphanumeric characters and/or / characters."
_DOCUMENT: Final = "It must contain only printable ASCII characters."
_ID: Final = "It must contain only alphanumeric characters."

# IAM checks the patterns of these members after all constraints, and words what is wrong itself.
_WORDED_BY_IAM: Final = {
    "userName": _NAME,
    "newUserName": _NAME,
    "groupName": _NAME,
    "newGroupName": _NAME,
    "roleName": _NAME,
    "policyName": _NAME,
    "instanceProfileName": _NAME,
    "serverCertificateName": _NAME,
    "newServerCertificateName": _NAME,
    "path": _PATH,
    "newPath": _PATH,
    "pathPrefix": _PATH_PREFIX,
    "policyDocument": _DOCUMENT,
    "assumeRolePolicyDocument": _DOCUMENT,
    "accessKeyId": _ID,
}

_MAX_SHOWN: Final = 20_000  # characters of a value that a text shows
_NUMBERS: Final = frozenset({"integer", "long", "float", "double"})
_AGGREGATES: Final = frozenset({"structure", "list", "map"})

_NOT_NULL: Final = "Member must not be null"


class Violation(NamedTuple):
    """``path`` is relative to the value that was checked; ``shown`` is the value as AWS prints it, or nothing."""

    path: str
    shown: str
    constraint: str


class Test(NamedTuple):
    """A constraint of a single value by itself, and AWS's text for a value that it does not hold for."""

    holds: Callable[[Any], Any]
    text: str


Check: TypeAlias = Callable[[Any], list[Violation]]


def verify_constraints(operation: OperationModel, input: Mapping[str, Any]) -> None:
    """Raise ValidationError, in AWS's words, naming every constraint of the model that the input violates."""
    check, worded = _checks(operation)
    if violations := check(input):
        errors = "error" if len(violations) == 1 else "errors"
        parts = "; ".join(
            f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}"
            for path, shown, constraint in violations
        )
        raise ValidationError(f"{len(violations)} validation {errors} detected: {parts}")
    for member, name, matches, rule in worded:
        value = input.get(member)
        if value is not None and not matches(value):
            raise ValidationError(f"The specified value for {name} is invalid. {rule}")


@cache
def _checks(operation: OperationModel) -> tuple[Check, list[tuple[str, str, Callable[[str], Any], str]]]:
    service, shape = operation.service, operation.input
    assert shape is not None
    worded = []
    for member, reference in shape.members.items():
        rule = _find_rule(service, member)
        pattern = service.shapes[reference.shape].pattern
        if rule and pattern:
            worded.append((member, _first_lower(member), compile_pattern(pattern), rule))
    return _structure_check(service, shape, top=True), worded


def _find_rule(service: ServiceModel, member: str) -> str | None:
    return _WORDED_BY_IAM.get(_first_lower(member)) if service.name == "iam" else None


def _check(service: ServiceModel, reference: Reference, *, pattern: bool = True) -> Check | None:
    """The check of one value, None where nothing can be wrong with it. ``pattern`` False leaves its pattern out."""
    shape = _shape(service, reference)
    if shape.type == "structure":
        return _structure_check(service, shape)
    # AWS tells several violations of one value in no fixed order; mostly the pattern comes first.
    own = [*(_pattern(shape) if pattern else ()), *_bounds(shape), *_enum(service, shape)]
    inner = _inner_check(service, reference.shape, shape)
    if not own and inner is None:
        return None
    show = _printer(service, shape)

    def check(value: Any) -> list[Violation]:
        violations = [Violation("", show(value), text) for holds, text in own if not holds(value)]
        # The elements of a list that is too long are not told one by one: the answer would outgrow the request.
        return violations or (inner(value) if inner else [])

    return check


def _inner_check(service: ServiceModel, name: str, shape: Shape) -> Check | None:
    if shape.type == "list" and shape.member:
        return _list_check(service, name, shape, shape.member)
    if shape.type == "map" and shape.key and shape.value:
        return _map_check(service, shape, shape.key, shape.value)
    return None


def _structure_check(service: ServiceModel, shape: Shape, *, top: bool = False) -> Check:
    members = []
    for member in sorted(shape.members, key=_java_hash_order):
        worded = top and _find_rule(service, member) is not None
        check = _check(service, shape.members[member], pattern=not worded)
        required = member in shape.required
        if required or check:
            members.append((member, _first_lower(member), required, check))
    missing = " null" if _prints_values(service) else ""

    def check_members(values: Mapping[str, Any]) -> list[Violation]:
        violations = []
        for member, name, required, check in members:
            value = values.get(member)
            if value is None:
                if required:
                    violations.append(Violation(name, missing, _NOT_NULL))
            elif check and (found := check(value)):
                violations += [Violation(_join(name, path), shown, text) for path, shown, text in found]
        return violations

    return check_members


def _list_check(service: ServiceModel, name: str, shape: Shape, element: Reference) -> Check | None:
    if service.shapes[element.shape].type not in _AGGREGATES:
        also = [_NOT_NULL] if name in _ELEMENTS_NOT_NULL else []
        return _all_satisfy("Member", service, element, _printer(service, shape), also)
    check = _check(service, element)
    if check is None:
        return None

    def check_each(values: list[Any]) -> list[Violation]:
        return [
            Violation(_join(f"{index}.member", path), shown, text)
            for index, value in enumerate(values, 1)
            for path, shown, text in check(value)
        ]

    return check_each


def _map_check(service: ServiceModel, shape: Shape, key: Reference, value: Reference) -> Check | None:
    show = _printer(service, shape)
    check_keys = _all_satisfy("Map keys", service, key, show)
    nested = service.shapes[value.shape].type in _AGGREGATES
    check_value = _check(service, value) if nested else _all_satisfy("Map value", service, value, show)

    def check(entries: Mapping[str, Any]) -> list[Violation]:
        violations = check_keys(entries.keys()) if check_keys else []
        if check_value and not nested:
            violations += check_value(entries.values())
        elif check_value:
            for name, inner in entries.items():
                violations += [
                    Violation(_join(f"{name}.member", path), shown, text) for path, shown, text in check_value(inner)
                ]
        return violations

    return check if check_keys or check_value else None


def _all_satisfy(
    who: str, service: ServiceModel, element: Reference, show: Callable[[Any], str], also: Iterable[str] = ()
) -> Check | None:
    """One violation of the whole for any number of bad single values in it, naming all their constraints."""
    shape = _shape(service, element)
    tests = [*_bounds(shape), *_pattern(shape), *_enum(service, shape)]
    if not tests:
        return None
    constraint = f"{who} must satisfy constraint: [{', '.join([*(text for _, text in tests), *also])}]"

    def check(values: Iterable[Any]) -> list[Violation]:
        if all(holds(value) for value in values for holds, _ in tests):
            return []
        return [Violation("", show(values), constraint)]

    return check


def _shape(service: ServiceModel, reference: Reference) -> Shape:
    shape = service.shapes[reference.shape]
    observed = _OBSERVED.get((service.name, reference.shape))
    return replace(shape, **observed) if observed else shape


def _pattern(shape: Shape) -> Iterable[Test]:
    if shape.pattern is not None:
        yield Test(compile_pattern(shape.pattern), f"Member must satisfy regular expression pattern: {shape.pattern}")


def _bounds(shape: Shape) -> Iterable[Test]:
    """Bounds of a number, or of a length: code points of text, bytes of a blob, elements of a list."""
    least, most = shape.min, shape.max
    if shape.type in _NUMBERS:
        if most is not None:
            yield Test(lambda value: value <= most, f"Member must have value less than or equal to {most}")
        if least is not None:
            yield Test(lambda value: value >= least, f"Member must have value greater than or equal to {least}")
    else:
        if most is not None:
            yield Test(lambda value: len(value) <= most, f"Member must have length less than or equal to {most}")
        if least is not None:
            yield Test(lambda value: len(value) >= least, f"Member must have length greater than or equal to {least}")


def _enum(service: ServiceModel, shape: Shape) -> Iterable[Test]:
    if shape.enum:
        values = f": [{', '.join(shape.enum)}]" if _prints_values(service) else ""
        yield Test(frozenset(shape.enum).__contains__, f"Member must satisfy enum value set{values}")


def _prints_values(service: ServiceModel) -> bool:
    return service.name != "iam"


def _printer(service: ServiceModel, shape: Shape) -> Callable[[Any], str]:
    """How the text shows a value: IAM shows none, and nobody shows a secret. Structures are left out as well.

    So is what is long beyond reason, or else an answer to an unknown caller would be as large as the request.
    """
    single = service.shapes[shape.member.shape] if shape.type == "list" and shape.member else shape
    if not _prints_values(service) or single.sensitive or single.type in _AGGREGATES:
        return lambda value: ""

    def show(value: Any) -> str:
        text = f"[{', '.join(map(str, value))}]" if shape.type == "list" else str(value)
        return f" '{text}'" if len(text) <= _MAX_SHOWN else ""

    return show


def _first_lower(member: str) -> str:
    return member[:1].lower() + member[1:]


def _join(name: str, path: str) -> str:
    return f"{name}.{path}" if path else name


def _java_hash_order(member: str) -> int:
    """Where a member comes among the violations: AWS tells them in the order of a Java HashMap of 16 buckets.

    https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/lang/String.html#hashCode()
    """
    code = 0
    for character in _first_lower(member):
        code = (code * 31 + ord(character)) & 0xFFFF_FFFF
    return (code ^ code >> 16) & 15
