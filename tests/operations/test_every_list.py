"""Every list that comes in pages, through boto3: whole, without repeats, whatever happens between two pages; and its
markers, which are good for the same operation of the same account and nothing else.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from iamd.server.operations import operation_functions
from iamd.wire.models import load_service
from tests.iam.test_role_templates import TRUST
from tests.iam.test_saml_providers import entity
from tests.operations.quotas import OIDC, SAML, certificate, oidc, public_key, signing
from tests.operations.story import ALONE_ID, SECRET, Story, start
from tests.operations.table import arn, policy, tags

ALICE = {"UserName": "alice"}
POLICY = arn("policy/page/a")
TAGS = tags("one", "three", "two")
SERVICES = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","ec2:*","sqs:*"],"Resource":"*"}}'


class List(NamedTuple):
    """A list operation. ``members`` are the lists in its answer; ``remove`` takes away the first item shown: an
    operation and, for members of its input, the member of the item (None: the item itself), or a constant in a tuple.
    """

    operation: str
    members: tuple[str, ...]
    input: Mapping[str, Any] = {}
    remove: tuple[str, Mapping[str, Any]] | None = None


def tagged(operation: str, untag: str, input: Mapping[str, Any]) -> List:
    constant = {name: (value,) for name, value in input.items()}
    return List(operation, ("Tags",), input, (untag, {**constant, "TagKeys": "Key"}))


def named(operation: str, member: str, delete: str, name: str, **more: Any) -> List:
    return List(operation, (member,), {"PathPrefix": "/page/", **more}, (delete, {name: name}))


LISTS: tuple[List, ...] = (
    named("ListUsers", "Users", "DeleteUser", "UserName"),
    named("ListGroups", "Groups", "DeleteGroup", "GroupName"),
    named("ListRoles", "Roles", "DeleteRole", "RoleName"),
    List("ListPolicies", ("Policies",), {"PathPrefix": "/page/"}, ("DeletePolicy", {"PolicyArn": "Arn"})),
    named("ListInstanceProfiles", "InstanceProfiles", "DeleteInstanceProfile", "InstanceProfileName"),
    named(
        "ListServerCertificates", "ServerCertificateMetadataList", "DeleteServerCertificate", "ServerCertificateName"
    ),
    List(
        "ListVirtualMFADevices",
        ("VirtualMFADevices",),
        {"AssignmentStatus": "Unassigned"},
        ("DeleteVirtualMFADevice", {"SerialNumber": "SerialNumber"}),
    ),
    List(
        "GetGroup",
        ("Users",),
        {"GroupName": "a"},
        ("RemoveUserFromGroup", {"GroupName": ("a",), "UserName": "UserName"}),
    ),
    List(
        "ListGroupsForUser",
        ("Groups",),
        ALICE,
        ("RemoveUserFromGroup", {"UserName": ("alice",), "GroupName": "GroupName"}),
    ),
    List("ListPolicyVersions", ("Versions",), {"PolicyArn": POLICY}),
    List("ListEntitiesForPolicy", ("PolicyUsers", "PolicyGroups", "PolicyRoles"), {"PolicyArn": POLICY}),
    *(
        List(
            f"ListAttached{kind}Policies",
            ("AttachedPolicies",),
            {f"{kind}Name": name},
            (f"Detach{kind}Policy", {f"{kind}Name": (name,), "PolicyArn": "PolicyArn"}),
        )
        for kind, name in (("User", "alice"), ("Group", "a"), ("Role", "a"))
    ),
    *(
        List(
            f"List{kind}Policies",
            ("PolicyNames",),
            {f"{kind}Name": name},
            (f"Delete{kind}Policy", {f"{kind}Name": (name,), "PolicyName": None}),
        )
        for kind, name in (("User", "alice"), ("Group", "a"), ("Role", "a"))
    ),
    List(
        "ListInstanceProfilesForRole",
        ("InstanceProfiles",),
        {"RoleName": "a"},
        ("RemoveRoleFromInstanceProfile", {"RoleName": ("a",), "InstanceProfileName": "InstanceProfileName"}),
    ),
    List(
        "ListAccessKeys",
        ("AccessKeyMetadata",),
        ALICE,
        ("DeleteAccessKey", {"UserName": ("alice",), "AccessKeyId": "AccessKeyId"}),
    ),
    List("ListAccountAliases", ("AccountAliases",)),
    List(
        "ListMFADevices",
        ("MFADevices",),
        ALICE,
        ("DeactivateMFADevice", {"UserName": ("alice",), "SerialNumber": "SerialNumber"}),
    ),
    List(
        "ListSSHPublicKeys",
        ("SSHPublicKeys",),
        ALICE,
        ("DeleteSSHPublicKey", {"UserName": ("alice",), "SSHPublicKeyId": "SSHPublicKeyId"}),
    ),
    List(
        "ListSigningCertificates",
        ("Certificates",),
        ALICE,
        ("DeleteSigningCertificate", {"UserName": ("alice",), "CertificateId": "CertificateId"}),
    ),
    List(
        "ListServiceSpecificCredentials",
        ("ServiceSpecificCredentials",),
        ALICE,
        (
            "DeleteServiceSpecificCredential",
            {"UserName": ("alice",), "ServiceSpecificCredentialId": "ServiceSpecificCredentialId"},
        ),
    ),
    tagged("ListUserTags", "UntagUser", ALICE),
    tagged("ListRoleTags", "UntagRole", {"RoleName": "a"}),
    tagged("ListPolicyTags", "UntagPolicy", {"PolicyArn": POLICY}),
    tagged("ListInstanceProfileTags", "UntagInstanceProfile", {"InstanceProfileName": "a"}),
    tagged("ListMFADeviceTags", "UntagMFADevice", {"SerialNumber": arn("mfa/a")}),
    tagged("ListServerCertificateTags", "UntagServerCertificate", {"ServerCertificateName": "a"}),
    tagged("ListOpenIDConnectProviderTags", "UntagOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC}),
    tagged("ListSAMLProviderTags", "UntagSAMLProvider", {"SAMLProviderArn": SAML}),
    List("GetAccountAuthorizationDetails", ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")),
    List(
        "SimulateCustomPolicy",
        ("EvaluationResults",),
        {"PolicyInputList": [policy()], "ActionNames": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]},
    ),
    List(
        "SimulatePrincipalPolicy",
        ("EvaluationResults",),
        {"PolicySourceArn": arn("user/alice"), "ActionNames": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]},
    ),
    List("GetServiceLastAccessedDetails", ("ServicesLastAccessed",), {"JobId": "@job"}),
)

# These need jobs of more accounts or days: the tests of their own modules show their pages. One takes no MaxItems.
ELSEWHERE = {
    "GetOrganizationsAccessReport",
    "GetServiceLastAccessedDetailsWithEntities",
    "ListPoliciesGrantingServiceAccess",
    "ListDelegationRequests",
}


def test_every_list_in_pages_has_its_row() -> None:
    model, written = load_service("iam"), operation_functions("iam")
    paged = {
        name for name, operation in model.operations.items() if operation.input and "Marker" in operation.input.members
    }
    assert (paged & set(written)) - ELSEWHERE == {row.operation for row in LISTS}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """An account with several of everything. What comes first in a list is free to go."""
    with start(tmp_path_factory.mktemp("lists"), "--dev") as server:
        story = Story(server)
        for operation, input in given(story):
            getattr(story.client(), xform_name(operation))(**input)
        job = story.client().generate_service_last_accessed_details(Arn=arn("user/alice"))["JobId"]
        story.saved["job"] = job
        deadline = time.monotonic() + 30
        while story.client().get_service_last_accessed_details(JobId=job)["JobStatus"] == "IN_PROGRESS":
            assert time.monotonic() < deadline
        yield story


def given(story: Story) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "CreateUser", {**ALICE, "Tags": TAGS}
    yield "PutUserPolicy", {**ALICE, "PolicyName": "services", "PolicyDocument": SERVICES}
    for name in ("0", "a", "b", "c"):
        yield "CreateUser", {"UserName": name, "Path": "/page/"}
        yield "CreateGroup", {"GroupName": name, "Path": "/page/"}
        yield "CreateRole", {"RoleName": name, "Path": "/page/", "AssumeRolePolicyDocument": TRUST}
        yield "CreatePolicy", {"PolicyName": name, "Path": "/page/", "PolicyDocument": policy()}
        yield "CreateInstanceProfile", {"InstanceProfileName": name, "Path": "/page/"}
        yield "UploadServerCertificate", {**certificate(name), "Path": "/page/"}
        yield "CreateVirtualMFADevice", {"VirtualMFADeviceName": name}
    for name in ("a", "b", "c"):
        yield "AddUserToGroup", {"GroupName": "a", "UserName": name}
        yield "AddUserToGroup", {"GroupName": name, **ALICE}
        yield "AddRoleToInstanceProfile", {"InstanceProfileName": name, "RoleName": "a"}
        for kind, identity in (("User", "alice"), ("Group", "a"), ("Role", "a")):
            yield f"Attach{kind}Policy", {f"{kind}Name": identity, "PolicyArn": arn(f"policy/page/{name}")}
            yield f"Put{kind}Policy", {f"{kind}Name": identity, "PolicyName": name, "PolicyDocument": policy()}
        device = story.client().create_virtual_mfa_device(VirtualMFADeviceName=f"alice-{name}")["VirtualMFADevice"]
        story.saved |= {"device": device["SerialNumber"], "seed": device["Base32StringSeed"]}
        yield "EnableMFADevice", {**ALICE, **story.codes("device", "seed")}
    for number in range(3):
        yield "UploadSSHPublicKey", {**ALICE, "SSHPublicKeyBody": public_key(number)}
    for number in range(2):
        yield "CreatePolicyVersion", {"PolicyArn": POLICY, "PolicyDocument": policy()}
        yield "UploadSigningCertificate", {**ALICE, "CertificateBody": signing(number)}
        yield "CreateAccessKey", ALICE
        yield "CreateServiceSpecificCredential", {**ALICE, "ServiceName": "codecommit.amazonaws.com"}
    yield "CreateServiceSpecificCredential", {**ALICE, "ServiceName": "cassandra.amazonaws.com"}
    yield "CreateOpenIDConnectProvider", {**oidc("a"), "Tags": TAGS}
    yield "CreateSAMLProvider", {"Name": "A", "SAMLMetadataDocument": entity(), "Tags": TAGS}
    yield "CreateAccountAlias", {"AccountAlias": "example-corp"}
    yield "TagRole", {"RoleName": "a", "Tags": TAGS}
    yield "TagPolicy", {"PolicyArn": POLICY, "Tags": TAGS}
    yield "TagInstanceProfile", {"InstanceProfileName": "a", "Tags": TAGS}
    yield "TagMFADevice", {"SerialNumber": arn("mfa/a"), "Tags": TAGS}
    yield "TagServerCertificate", {"ServerCertificateName": "a", "Tags": TAGS}


def ask(story: Story, row: List, **more: Any) -> Any:
    return getattr(story.client(), xform_name(row.operation))(**story.resolve(row.input), **more)


def items(row: List, answer: Any) -> list[Any]:
    return [item for member in row.members for item in answer.get(member, ())]


def refusal(story: Story, row: List, marker: str) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        ask(story, row, Marker=marker)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


INVALID = ("ValidationError", "Invalid Marker.")


@pytest.mark.parametrize("row", LISTS, ids=lambda row: row.operation)
def test_pages_together_are_the_list(story: Story, row: List) -> None:
    whole = ask(story, row, MaxItems=1000)
    assert whole["IsTruncated"] is False
    assert "Marker" not in whole
    expected = items(row, whole)
    assert len(expected) > 1 or row.operation == "ListAccountAliases"
    found: list[Any] = []
    more: dict[str, str] = {}
    while True:
        page = ask(story, row, MaxItems=1, **more)
        assert len(items(row, page)) == 1
        found += items(row, page)
        if not page["IsTruncated"]:
            break
        more = {"Marker": page["Marker"]}
    assert sorted(map(str, found)) == sorted(map(str, expected))


@pytest.mark.parametrize("row", LISTS, ids=lambda row: row.operation)
def test_a_marker_is_good_for_nothing_else(story: Story, row: List) -> None:
    other = next(each for each in LISTS if each.operation != row.operation)
    assert refusal(story, row, ask(story, other, MaxItems=1)["Marker"]) == INVALID
    assert refusal(story, row, "1") == INVALID
    marker = ask(story, row, MaxItems=1).get("Marker")
    if marker is not None:
        changed = marker[:-4] + ("AAAA" if marker[-4:] != "AAAA" else "BBBB")
        assert refusal(story, row, changed) == INVALID
        assert refusal(story, row, marker[:20]) == INVALID
    if not story.resolve(row.input).keys() - {"PathPrefix", "AssignmentStatus"}:
        alone = story.server.client("iam", f"key_of_{ALONE_ID}", SECRET)
        with pytest.raises(ClientError, match=r"Invalid Marker\."):
            getattr(alone, xform_name(row.operation))(**row.input, Marker=marker or "x" * 40)


@pytest.mark.parametrize("row", [row for row in LISTS if row.remove], ids=lambda row: row.operation)
def test_what_goes_between_two_pages_takes_nothing_with_it(story: Story, row: List) -> None:
    first, *others = items(row, ask(story, row, MaxItems=1000))
    page = ask(story, row, MaxItems=1)
    assert items(row, page) == [first]
    assert row.remove is not None
    operation, members = row.remove
    input = {
        name: source[0] if isinstance(source, tuple) else first if source is None else first[source]
        for name, source in members.items()
    }
    if "TagKeys" in input:
        input["TagKeys"] = [input["TagKeys"]]
    getattr(story.client(), xform_name(operation))(**input)
    rest = ask(story, row, Marker=page["Marker"])
    assert items(row, rest) == others
