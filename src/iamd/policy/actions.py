"""The Action and NotAction elements: which actions a statement is about, compiled into a test.

Actions and patterns are in lower case.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
"""

from collections.abc import Iterable

from iamd.policy.matching import Matcher, compile_any

_FEW = 8  # so many patterns are tried faster than sorted by service


def find_services(patterns: Iterable[str]) -> frozenset[str] | None:
    """The services whose actions the patterns can fit; None if those of any."""
    services = set()
    for pattern in patterns:
        service = pattern.partition(":")[0]
        if "*" in service or "?" in service:
            return None
        services.add(service)
    return frozenset(services)


def compile_actions(patterns: tuple[str, ...]) -> Matcher:
    """A function that tells whether an action fits at least one of ``patterns``.

    Of a long list such as ReadOnlyAccess's only the patterns of the action's service are tried.
    """
    if len(patterns) <= _FEW:
        return compile_any(patterns)
    by_service: dict[str | None, list[str]] = {}
    for pattern in patterns:
        services = find_services([pattern])
        for service in (None,) if services is None else services:
            by_service.setdefault(service, []).append(pattern)
    fits_any_service = compile_any(by_service.pop(None, ()))
    tests = {service: compile_any(listed) for service, listed in by_service.items()}

    def matches(action: str) -> bool:
        test = tests.get(action.partition(":")[0])
        return (test is not None and test(action)) or fits_any_service(action)

    return matches
