"""Which services, and which of their actions, permissions policies grant at all: on whatever resource, on condition.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from iamd.policy import PolicyType, Statement, parse_policy
from iamd.policy.catalog import find_service, service_names
from iamd.policy.compile import PolicySet, find_set

_KEPT = 32  # answers, each with up to 20,000 actions


@lru_cache(_KEPT)
def granted_services(documents: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """The actions that the policies grant, by name as AWS writes it, by service; services without any are left out.

    It looks at every action of every service: some ten milliseconds.
    """
    granted = {}
    for namespace in service_names():
        service = find_service(namespace)
        names = (action.name for action in service.actions.values()) if service else ()
        actions = tuple(sorted(_granted(_policy_set(documents), namespace, names)))
        if actions:
            granted[namespace] = actions
    return granted


def granted_namespaces(documents: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    """The services that each of the policies grants something of by itself."""
    return tuple(frozenset(granted_services((document,))) for document in documents)


def granted_actions(documents: tuple[str, ...], namespace: str, actions: Iterable[str]) -> tuple[str, ...]:
    """Those of a service's actions that the policies grant; for services that AWS does not have."""
    return tuple(sorted(_granted(_policy_set(documents), namespace, actions)))


def _policy_set(documents: tuple[str, ...]) -> PolicySet:
    return find_set(tuple(map(parse_policy, documents)), PolicyType.IDENTITY)


def _granted(policies: PolicySet, namespace: str, actions: Iterable[str]) -> Iterator[str]:
    for action in actions:
        statements = list(policies.statements_about(f"{namespace}:{action}".lower()))
        if any(map(_grants, statements)) and not any(map(_denies_always, statements)):
            yield action


def _grants(statement: Statement) -> bool:
    return not statement.denies and statement.principal is None and statement.not_principal is None


def _denies_always(statement: Statement) -> bool:
    return statement.denies and not statement.conditions and "*" in (statement.resources or ())
