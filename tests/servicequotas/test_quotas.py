"""What IAM's quotas are, by default and as applied."""

import pytest
from msgspec.structs import replace

from iamd.account.quotas import QUOTAS
from iamd.call import Source
from iamd.errors import NoSuchResourceException
from iamd.servicequotas.catalog import SERVICE_QUOTAS
from iamd.servicequotas.quotas import (
    get_aws_default_service_quota,
    get_service_quota,
    list_aws_default_service_quotas,
    list_service_quotas,
    list_services,
)
from tests.iam.world import ACCOUNT_ID, Operation, World

ROLES = {
    "ServiceCode": "iam",
    "ServiceName": "AWS Identity and Access Management (IAM)",
    "QuotaArn": f"arn:aws:servicequotas::{ACCOUNT_ID}:iam/L-FE177D64",
    "QuotaCode": "L-FE177D64",
    "QuotaName": "Roles per account",
    "Value": 1000.0,
    "Unit": "None",
    "Adjustable": True,
    "GlobalQuota": True,
    "QuotaAppliedAtLevel": "ACCOUNT",
    "Description": "How many IAM roles this account can have.",
}


def raised(world: World, **quotas: int) -> None:
    world.put(replace(world.account.settings, quotas=quotas))


def test_the_service_is_iam(world: World) -> None:
    assert world.run(list_services) == {
        "Services": [{"ServiceCode": "iam", "ServiceName": "AWS Identity and Access Management (IAM)"}]
    }


def test_a_quota_has_the_value_applied_to_the_account(world: World) -> None:
    asked = {"ServiceCode": "iam", "QuotaCode": "L-FE177D64"}
    assert world.run(get_service_quota, **asked) == {"Quota": ROLES}
    raised(world, Roles=4000)
    assert world.run(get_service_quota, **asked) == {"Quota": ROLES | {"Value": 4000.0}}
    assert world.run(get_aws_default_service_quota, **asked) == {
        "Quota": ROLES | {"QuotaArn": "arn:aws:servicequotas:::iam/L-FE177D64"}
    }


def test_every_quota_is_listed_with_its_value_and_whether_aws_raises_it(world: World) -> None:
    raised(world, Groups=400)
    applied = world.run(list_service_quotas, ServiceCode="iam")["Quotas"]
    assert {quota["QuotaName"]: (quota["Value"], quota["Adjustable"]) for quota in applied} == {
        "Customer managed policies per account": (1500, True),
        "Groups per account": (400, True),
        "Instance profiles per account": (1000, True),
        "Managed policies per group": (10, False),
        "Managed policies per role": (10, True),
        "Managed policies per user": (10, True),
        "OpenId connect providers per account": (100, True),
        "Role trust policy length": (2048, True),
        "Roles per account": (1000, True),
        "SAML providers per account": (100, False),
        "Server certificates per account": (20, False),
        "Users per account": (5000, False),
    }
    defaults = world.run(list_aws_default_service_quotas, ServiceCode="iam")["Quotas"]
    assert [quota["QuotaCode"] for quota in defaults] == [quota["QuotaCode"] for quota in applied]
    assert {quota["QuotaName"]: quota["Value"] for quota in defaults}["Groups per account"] == 300


def test_every_code_is_of_a_quota_that_is_enforced() -> None:
    assert {quota.quota for quota in SERVICE_QUOTAS.values()} <= set(QUOTAS)


def test_quotas_are_listed_in_pages(world: World) -> None:
    names: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = world.run(list_service_quotas, ServiceCode="iam", MaxResults=5, **more)
        names += [quota["QuotaCode"] for quota in page["Quotas"]]
        if "NextToken" not in page:
            break
        assert len(page["Quotas"]) == 5
        more = {"NextToken": page["NextToken"]}
    assert names == sorted(SERVICE_QUOTAS)
    invalid = "InvalidPaginationTokenException: Invalid NextToken."
    assert world.refusal(list_aws_default_service_quotas, ServiceCode="iam", **more) == invalid
    assert world.refusal(list_service_quotas, ServiceCode="iam", NextToken="1") == invalid


def test_quotas_are_listed_by_code_and_level(world: World) -> None:
    def codes(**asked: str) -> list[str]:
        listed = world.run(list_service_quotas, ServiceCode="iam", **asked)["Quotas"]
        return [quota["QuotaCode"] for quota in listed]

    assert codes(QuotaCode="L-FE177D64") == ["L-FE177D64"]
    assert codes(QuotaAppliedAtLevel="ALL") == codes(QuotaAppliedAtLevel="ACCOUNT") == sorted(SERVICE_QUOTAS)
    assert codes(QuotaAppliedAtLevel="RESOURCE") == []


def test_what_there_is_not_is_not_found(world: World) -> None:
    no_service = "NoSuchResourceException: The request failed because the specified service does not exist."
    no_quota = (
        "NoSuchResourceException: "
        "The request failed because the specified quota L-00000000 does not exist for service iam."
    )
    for operation in (get_service_quota, get_aws_default_service_quota):
        assert world.refusal(operation, ServiceCode="ec2", QuotaCode="L-1216C47A") == no_service
        assert world.refusal(operation, ServiceCode="iam", QuotaCode="L-00000000") == no_quota
    for operation in (list_service_quotas, list_aws_default_service_quotas):
        assert world.refusal(operation, ServiceCode="IAM") == no_service
    assert world.refusal(list_service_quotas, ServiceCode="iam", QuotaCode="L-00000000") == no_quota
    assert world.refusal(get_service_quota, ServiceCode="iam", QuotaCode="L-FE177D64", ContextId="x") == (
        "NoSuchResourceException: The request failed because applied value for the specified context Id do not exist."
    )


def test_other_regions_do_not_tell_global_quotas(world: World) -> None:
    def call(operation: Operation, **input: str) -> object:
        name = "".join(word.title() for word in operation.__name__.split("_"))
        call = replace(world.call(name), source=Source(ip="203.0.113.7", region="eu-west-1"))
        return operation(world.account, input, call)

    assert call(list_services) == ({"Services": []}, [])
    with pytest.raises(NoSuchResourceException) as refused:
        call(list_service_quotas, ServiceCode="iam")
    assert refused.value.message == "The request failed because the specified service does not exist."
