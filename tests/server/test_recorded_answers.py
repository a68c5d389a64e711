"""What stands in each answer, and what does not, as AWS was recorded: asked of a running server by boto3.

The recordings stand in https://github.com/localstack/localstack/tree/main/tests/aws/services (iam, sts).
"""

import json
import re
import time
from datetime import datetime
from typing import Any

import pytest

from tests.iam.certificates import issue
from tests.iam.test_saml_providers import entity, key_descriptor
from tests.server.process import ACCOUNT_ID, ServerProcess

ALLOW = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ID}, "Action": "sts:AssumeRole"}],
}
TAGS = [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}]
UNIQUE_ID = re.compile(r"(AIDA|AROA|AGPA|AIPA|ANPA|ASCA|APKA|ACCA)[A-Z2-7]{16,17}|(AKIA|ASIA)[A-Z2-7]{16}")
DATE = "date"
METADATA = entity(key_descriptor())


def arn(resource: str, service: str = "iam") -> str:
    return f"arn:aws:{service}::{ACCOUNT_ID}:{resource}"


@pytest.fixture
def iam(dev: ServerProcess) -> Any:
    """A client of an account with nothing in it."""
    dev.reset()
    return dev.client()


def shown(value: Any) -> Any:
    """An answer without what differs each time: dates, unique ids and the request's id."""
    if isinstance(value, dict):
        return {name: shown(item) for name, item in value.items() if name != "ResponseMetadata"}
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, datetime):
        return DATE
    if isinstance(value, str) and (found := UNIQUE_ID.fullmatch(value)):
        return found[1] or found[2]
    return value


def test_a_user(iam: Any) -> None:
    bob = {"Path": "/", "UserName": "Bob", "UserId": "AIDA", "Arn": arn("user/Bob"), "CreateDate": DATE}
    assert shown(iam.create_user(UserName="Bob")) == {"User": bob}
    assert shown(iam.get_user(UserName="Bob")) == {"User": bob}
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.tag_user(UserName="Bob", Tags=TAGS)
    iam.put_user_permissions_boundary(UserName="Bob", PermissionsBoundary=boundary)
    assert shown(iam.list_users()) == {"Users": [bob], "IsTruncated": False}
    more = shown(iam.get_user(UserName="Bob"))["User"]
    assert sorted(more.pop("Tags"), key=lambda tag: tag["Key"]) == TAGS[::-1]
    bounded = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
    assert more == bob | {"PermissionsBoundary": bounded}


def test_a_role(iam: Any) -> None:
    made = iam.create_role(
        RoleName="Keeper", AssumeRolePolicyDocument=json.dumps(TRUST), Description="Keeps.", MaxSessionDuration=7200
    )
    keeper = {
        "Path": "/",
        "RoleName": "Keeper",
        "RoleId": "AROA",
        "Arn": arn("role/Keeper"),
        "CreateDate": DATE,
        "AssumeRolePolicyDocument": TRUST,
    }
    described = keeper | {"Description": "Keeps."}
    limited = described | {"MaxSessionDuration": 7200}
    assert shown(made) == {"Role": keeper}
    assert shown(iam.get_role(RoleName="Keeper")) == {"Role": limited | {"RoleLastUsed": {}}}
    assert shown(iam.list_roles()) == {"Roles": [limited], "IsTruncated": False}
    updated = iam.update_role_description(RoleName="Keeper", Description="Looks.")
    assert shown(updated) == {"Role": keeper | {"Description": "Looks."}}
    assert shown(iam.update_role(RoleName="Keeper")) == {}
    iam.tag_role(RoleName="Keeper", Tags=TAGS)
    assert shown(iam.get_role(RoleName="Keeper"))["Role"] == limited | {
        "Description": "Looks.",
        "RoleLastUsed": {},
        "Tags": TAGS,
    }
    assert shown(iam.list_roles())["Roles"] == [limited | {"Description": "Looks."}]


def test_a_managed_policy_and_its_versions(iam: Any) -> None:
    made = iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(ALLOW), Description="Reads.")
    policy = {
        "PolicyName": "read",
        "PolicyId": "ANPA",
        "Arn": arn("policy/read"),
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": DATE,
        "UpdateDate": DATE,
    }
    this = {"PolicyArn": arn("policy/read")}
    assert shown(made) == {"Policy": policy}
    assert shown(iam.get_policy(**this)) == {"Policy": policy | {"Description": "Reads.", "Tags": []}}
    assert shown(iam.list_policies(Scope="Local")) == {"Policies": [policy], "IsTruncated": False}
    second = {"VersionId": "v2", "IsDefaultVersion": False, "CreateDate": DATE}
    added = iam.create_policy_version(**this, PolicyDocument=json.dumps(ALLOW))
    assert shown(added) == {"PolicyVersion": second}
    first = {"VersionId": "v1", "IsDefaultVersion": True, "CreateDate": DATE}
    assert shown(iam.list_policy_versions(**this)) == {"Versions": [second, first], "IsTruncated": False}
    version = shown(iam.get_policy_version(**this, VersionId="v1"))
    assert version == {"PolicyVersion": first | {"Document": ALLOW}}


def test_numbers_of_versions_are_not_used_twice(iam: Any) -> None:
    this = {"PolicyArn": iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]}
    for _ in range(4):
        iam.create_policy_version(**this, PolicyDocument=json.dumps(ALLOW))
    iam.delete_policy_version(**this, VersionId="v5")
    made = iam.create_policy_version(**this, PolicyDocument=json.dumps(ALLOW))
    assert made["PolicyVersion"]["VersionId"] == "v6"


def test_tags_of_a_policy(iam: Any) -> None:
    tags = [{"Key": key, "Value": ""} for key in ("abc", "b", "z", "a", "A")]
    made = iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(ALLOW), Tags=tags)
    assert made["Policy"]["Tags"] == tags
    listed = iam.list_policy_tags(PolicyArn=made["Policy"]["Arn"])
    assert [tag["Key"] for tag in listed["Tags"]] == ["A", "a", "b", "z", "abc"]


def test_a_tag_of_a_role_takes_the_new_spelling(iam: Any) -> None:
    tags = [{"Key": "somekey", "Value": "old"}]
    iam.create_role(RoleName="Keeper", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=tags)
    iam.tag_role(RoleName="Keeper", Tags=[{"Key": "Somekey", "Value": "new"}])
    assert iam.list_role_tags(RoleName="Keeper")["Tags"] == [{"Key": "Somekey", "Value": "new"}]


def test_entities_of_a_policy(iam: Any) -> None:
    this = {"PolicyArn": iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]}
    iam.create_user(UserName="Bob")
    iam.attach_user_policy(UserName="Bob", **this)
    nobody = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": [], "IsTruncated": False}
    bob = {"PolicyUsers": [{"UserName": "Bob", "UserId": "AIDA"}]}
    assert shown(iam.list_entities_for_policy(**this)) == nobody | bob
    assert shown(iam.list_entities_for_policy(**this, EntityFilter="LocalManagedPolicy")) == nobody


def test_an_instance_profile(iam: Any) -> None:
    iam.create_role(RoleName="Keeper", AssumeRolePolicyDocument=json.dumps(TRUST), Description="Keeps.")
    profile = {
        "Path": "/",
        "InstanceProfileName": "Machines",
        "InstanceProfileId": "AIPA",
        "Arn": arn("instance-profile/Machines"),
        "CreateDate": DATE,
        "Roles": [],
    }
    this = {"InstanceProfileName": "Machines"}
    assert shown(iam.create_instance_profile(**this)) == {"InstanceProfile": profile}
    assert shown(iam.get_instance_profile(**this)) == {"InstanceProfile": profile | {"Tags": []}}
    iam.add_role_to_instance_profile(**this, RoleName="Keeper")
    filled = profile | {
        "Roles": [
            {
                "Path": "/",
                "RoleName": "Keeper",
                "RoleId": "AROA",
                "Arn": arn("role/Keeper"),
                "CreateDate": DATE,
                "AssumeRolePolicyDocument": TRUST,
            }
        ]
    }
    assert shown(iam.get_instance_profile(**this)) == {"InstanceProfile": filled | {"Tags": []}}
    for answer in (iam.list_instance_profiles(), iam.list_instance_profiles_for_role(RoleName="Keeper")):
        assert shown(answer) == {"InstanceProfiles": [filled], "IsTruncated": False}


def test_providers_and_certificates_show_their_tags_even_if_there_are_none(iam: Any) -> None:
    oidc = iam.create_open_id_connect_provider(Url="https://issuer.example.com/a")
    assert shown(oidc) == {"OpenIDConnectProviderArn": arn("oidc-provider/issuer.example.com/a")}
    found = shown(iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn("oidc-provider/issuer.example.com/a")))
    assert found.keys() == {"Url", "ClientIDList", "ThumbprintList", "CreateDate", "Tags"}
    assert (found["Url"], found["ClientIDList"], found["Tags"]) == ("issuer.example.com/a", [], [])

    this = {"SAMLProviderArn": arn("saml-provider/Example")}
    assert shown(iam.create_saml_provider(Name="Example", SAMLMetadataDocument=METADATA)) == this
    found = shown(iam.get_saml_provider(**this))
    assert found.pop("SAMLProviderUUID")
    assert found == {
        "SAMLMetadataDocument": METADATA,
        "CreateDate": DATE,
        "ValidUntil": DATE,
        "Tags": [],
        "AssertionEncryptionMode": "Allowed",
        "PrivateKeyList": [],
    }
    assert shown(iam.update_saml_provider(**this, SAMLMetadataDocument=METADATA)) == this

    issued = issue(start=int(time.time()) - 60)
    iam.upload_server_certificate(ServerCertificateName="www", CertificateBody=issued.pem, PrivateKey=issued.key_pem)
    assert shown(iam.get_server_certificate(ServerCertificateName="www")) == {
        "ServerCertificate": {
            "ServerCertificateMetadata": {
                "Path": "/",
                "ServerCertificateName": "www",
                "ServerCertificateId": "ASCA",
                "Arn": arn("server-certificate/www"),
                "UploadDate": DATE,
                "Expiration": DATE,
            },
            "CertificateBody": issued.pem,
            "Tags": [],
        }
    }


def test_a_renamed_user_keeps_everything_but_the_name_of_a_service_specific_credential(iam: Any) -> None:
    user_id = iam.create_user(UserName="Bob")["User"]["UserId"]
    iam.create_login_profile(UserName="Bob", Password="a-Long-enough-1")
    iam.create_group(GroupName="Readers")
    iam.add_user_to_group(GroupName="Readers", UserName="Bob")
    key = iam.create_access_key(UserName="Bob")["AccessKey"]
    made = iam.create_service_specific_credential(UserName="Bob", ServiceName="codecommit.amazonaws.com")
    credential = shown(made)["ServiceSpecificCredential"]
    assert credential.pop("ServicePassword")
    assert credential == {
        "CreateDate": DATE,
        "ServiceName": "codecommit.amazonaws.com",
        "ServiceUserName": f"Bob-at-{ACCOUNT_ID}",
        "ServiceSpecificCredentialId": "ACCA",
        "UserName": "Bob",
        "Status": "Active",
    }
    iam.update_user(UserName="Bob", NewUserName="Robert")
    assert iam.get_user(UserName="Robert")["User"]["UserId"] == user_id
    assert [each["AccessKeyId"] for each in iam.list_access_keys(UserName="Robert")["AccessKeyMetadata"]] == [
        key["AccessKeyId"]
    ]
    assert shown(iam.get_login_profile(UserName="Robert")) == {
        "LoginProfile": {"UserName": "Robert", "CreateDate": DATE, "PasswordResetRequired": False}
    }
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="Robert")["Groups"]] == ["Readers"]
    listed = shown(iam.list_service_specific_credentials(UserName="Robert"))
    assert listed["ServiceSpecificCredentials"] == [credential | {"UserName": "Robert"}]


def test_the_use_of_an_access_key(dev: ServerProcess, iam: Any) -> None:
    iam.create_user(UserName="Bob")
    key = iam.create_access_key(UserName="Bob")["AccessKey"]
    this = {"AccessKeyId": key["AccessKeyId"]}
    never = {"ServiceName": "N/A", "Region": "N/A"}
    assert shown(iam.get_access_key_last_used(**this)) == {"UserName": "Bob", "AccessKeyLastUsed": never}
    dev.client("sts", key["AccessKeyId"], key["SecretAccessKey"]).get_caller_identity()
    used = {"LastUsedDate": DATE, "ServiceName": "sts", "Region": "us-east-1"}
    assert shown(iam.get_access_key_last_used(**this)) == {"UserName": "Bob", "AccessKeyLastUsed": used}


def test_virtual_mfa_devices_are_listed_without_their_seeds(iam: Any) -> None:
    iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")
    devices = {"VirtualMFADevices": [{"SerialNumber": arn("mfa/phone")}], "IsTruncated": False}
    assert shown(iam.list_virtual_mfa_devices()) == devices


def test_the_details_of_an_account(iam: Any) -> None:
    iam.create_user(UserName="Bob")
    iam.create_group(GroupName="Readers")
    iam.create_role(
        RoleName="Keeper", AssumeRolePolicyDocument=json.dumps(TRUST), Description="Keeps.", MaxSessionDuration=7200
    )
    iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(ALLOW), Tags=TAGS)
    assert shown(iam.get_account_authorization_details()) == {
        "IsTruncated": False,
        "UserDetailList": [
            {
                "Path": "/",
                "UserName": "Bob",
                "UserId": "AIDA",
                "Arn": arn("user/Bob"),
                "CreateDate": DATE,
                "GroupList": [],
                "AttachedManagedPolicies": [],
                "Tags": [],
            }
        ],
        "GroupDetailList": [
            {
                "Path": "/",
                "GroupName": "Readers",
                "GroupId": "AGPA",
                "Arn": arn("group/Readers"),
                "CreateDate": DATE,
                "GroupPolicyList": [],
                "AttachedManagedPolicies": [],
            }
        ],
        "RoleDetailList": [
            {
                "Path": "/",
                "RoleName": "Keeper",
                "RoleId": "AROA",
                "Arn": arn("role/Keeper"),
                "CreateDate": DATE,
                "AssumeRolePolicyDocument": TRUST,
                "InstanceProfileList": [],
                "RolePolicyList": [],
                "AttachedManagedPolicies": [],
                "Tags": [],
                "RoleLastUsed": {},
            }
        ],
        "Policies": [
            {
                "PolicyName": "read",
                "PolicyId": "ANPA",
                "Arn": arn("policy/read"),
                "Path": "/",
                "DefaultVersionId": "v1",
                "AttachmentCount": 0,
                "PermissionsBoundaryUsageCount": 0,
                "IsAttachable": True,
                "CreateDate": DATE,
                "UpdateDate": DATE,
                "PolicyVersionList": [
                    {"Document": ALLOW, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": DATE}
                ],
            }
        ],
    }


def test_a_password_policy_of_nothing_said(iam: Any) -> None:
    iam.update_account_password_policy()
    assert shown(iam.get_account_password_policy()) == {
        "PasswordPolicy": {
            "MinimumPasswordLength": 6,
            "RequireSymbols": False,
            "RequireNumbers": False,
            "RequireUppercaseCharacters": False,
            "RequireLowercaseCharacters": False,
            "AllowUsersToChangePassword": False,
            "ExpirePasswords": False,
        }
    }


def test_quotas_in_the_summary_of_an_account(iam: Any) -> None:
    quotas = {
        "AccessKeysPerUserQuota": 2,
        "AssumeRolePolicySizeQuota": 2048,
        "AttachedPoliciesPerGroupQuota": 10,
        "AttachedPoliciesPerRoleQuota": 10,
        "AttachedPoliciesPerUserQuota": 10,
        "GlobalEndpointTokenVersion": 1,
        "GroupPolicySizeQuota": 5120,
        "GroupsPerUserQuota": 10,
        "GroupsQuota": 300,
        "InstanceProfilesQuota": 1000,
        "PoliciesQuota": 1500,
        "PolicySizeQuota": 6144,
        "PolicyVersionsInUseQuota": 10000,
        "RolePolicySizeQuota": 10240,
        "RolesQuota": 1000,
        "ServerCertificatesQuota": 20,
        "SigningCertificatesPerUserQuota": 2,
        "UserPolicySizeQuota": 2048,
        "UsersQuota": 5000,
        "VersionsPerPolicyQuota": 5,
    }
    summary = iam.get_account_summary()["SummaryMap"]
    assert {name: summary[name] for name in quotas} == quotas


def test_what_is_done_already_is_done(iam: Any) -> None:
    iam.create_user(UserName="Bob")
    iam.create_group(GroupName="Readers")
    membership = {"GroupName": "Readers", "UserName": "Bob"}
    assert [shown(iam.add_user_to_group(**membership)) for _ in range(2)] == [{}, {}]
    assert [shown(iam.remove_user_from_group(**membership)) for _ in range(2)] == [{}, {}]
    assert shown(iam.untag_user(UserName="Bob", TagKeys=["absent"])) == {}


def test_a_credential_report_is_told_to_be_absent_without_a_message(iam: Any) -> None:
    with pytest.raises(iam.exceptions.CredentialReportNotPresentException) as raised:
        iam.get_credential_report()
    answer = raised.value.response
    assert answer["Error"] == {"Type": "Sender", "Code": "ReportNotPresent"}
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 410
    started = {"State": "STARTED", "Description": "No report exists. Starting a new report generation task"}
    assert shown(iam.generate_credential_report()) == started
    assert shown(iam.generate_credential_report()) == {"State": "COMPLETE"}


@pytest.mark.parametrize("prefix", ["/my", "/myPath", "/myPath/", "/myPath/d"])
def test_a_path_prefix_is_a_prefix_of_the_text(iam: Any, prefix: str) -> None:
    for name, path in (("Bob", "/myPath/deep/"), ("Alice", "/other/")):
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST))
    assert [role["RoleName"] for role in iam.list_roles(PathPrefix=prefix)["Roles"]] == ["Bob"]


def test_a_service_linked_role(iam: Any) -> None:
    service = "autoscaling.amazonaws.com"
    iam.create_service_linked_role(AWSServiceName=service, CustomSuffix="night")
    name = "AWSServiceRoleForAutoScaling_night"
    role = shown(iam.get_role(RoleName=name))["Role"]
    assert role == {
        "Path": f"/aws-service-role/{service}/",
        "RoleName": name,
        "RoleId": "AROA",
        "Arn": arn(f"role/aws-service-role/{service}/{name}"),
        "CreateDate": DATE,
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        },
        "MaxSessionDuration": 3600,
        "RoleLastUsed": {},
    }
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    policy_arn = "arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy"
    assert attached == [{"PolicyName": "AutoScalingServiceRolePolicy", "PolicyArn": policy_arn}]
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []
    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert re.fullmatch(f"task/aws-service-role/{service}/{name}/[0-9a-f-]{{36}}", task)
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"


def test_sessions(dev: ServerProcess, iam: Any) -> None:
    iam.create_user(UserName="Bob")
    iam.put_user_policy(UserName="Bob", PolicyName="all", PolicyDocument=json.dumps(ALLOW).replace("s3:GetObject", "*"))
    key = iam.create_access_key(UserName="Bob")["AccessKey"]
    sts = dev.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
    role_id = iam.create_role(RoleName="Keeper", Path="/deep/", AssumeRolePolicyDocument=json.dumps(TRUST))
    role_id = role_id["Role"]["RoleId"]
    assumed = sts.assume_role(RoleArn=arn("role/deep/Keeper"), RoleSessionName="night")
    credentials = assumed.pop("Credentials")
    assert shown(credentials).keys() == {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    night = {"AssumedRoleId": f"{role_id}:night", "Arn": arn("assumed-role/Keeper/night", "sts")}
    assert shown(assumed) == {"AssumedRoleUser": night}
    caller = dev.client(
        "sts",
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    ).get_caller_identity()
    assert shown(caller) == {"UserId": night["AssumedRoleId"], "Account": ACCOUNT_ID, "Arn": night["Arn"]}

    federated = shown(sts.get_federation_token(Name="Jane"))
    del federated["Credentials"]
    jane = {"FederatedUserId": f"{ACCOUNT_ID}:Jane", "Arn": arn("federated-user/Jane", "sts")}
    assert federated == {"FederatedUser": jane, "PackedPolicySize": 0}
    assert shown(sts.get_session_token()).keys() == {"Credentials"}


def test_a_session_policy_counts_in_percent_of_what_may_be_packed(dev: ServerProcess, iam: Any) -> None:
    iam.create_user(UserName="Bob")
    key = iam.create_access_key(UserName="Bob")["AccessKey"]
    iam.put_user_policy(UserName="Bob", PolicyName="all", PolicyDocument=json.dumps(ALLOW).replace("s3:GetObject", "*"))
    iam.create_role(RoleName="Keeper", AssumeRolePolicyDocument=json.dumps(TRUST))
    policy = json.dumps(ALLOW | {"Id": "x" * (163 - len(json.dumps(ALLOW | {"Id": ""})))})
    assert len(policy) == 163
    sts = dev.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
    assumed = sts.assume_role(RoleArn=arn("role/Keeper"), RoleSessionName="night", Policy=policy)
    assert assumed["PackedPolicySize"] == 16


def test_a_simulation_of_a_principal(iam: Any) -> None:
    statement = '{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}'
    document = f'{{"Version":"2012-10-17","Statement":[{statement}]}}'
    iam.create_role(RoleName="Keeper", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="Keeper", PolicyName="look", PolicyDocument=document)
    answer = iam.simulate_principal_policy(
        PolicySourceArn=arn("role/Keeper"),
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::b/key"],
    )
    allowed, silent = answer["EvaluationResults"]
    assert not answer["IsTruncated"]
    assert (allowed["EvalActionName"], allowed["EvalDecision"]) == ("s3:GetObject", "allowed")
    assert (silent["EvalActionName"], silent["EvalDecision"]) == ("s3:PutObject", "implicitDeny")
    [matched] = allowed["MatchedStatements"]
    start = document.index(statement) + 2  # a column is one more than the offset, and stands after the brace
    assert matched["StartPosition"] == {"Line": 1, "Column": start}
    assert matched["EndPosition"] == {"Line": 1, "Column": len(document) - 1}
    assert (silent["MatchedStatements"], silent["MissingContextValues"]) == ([], [])
    [specific] = allowed["ResourceSpecificResults"]
    assert (specific["EvalResourceName"], specific["EvalResourceDecision"]) == ("arn:aws:s3:::b/key", "allowed")
