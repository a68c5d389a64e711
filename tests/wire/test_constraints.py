"""AWS's words for every constraint of its models."""

import pytest

from iamd.errors import ValidationError
from iamd.wire import query
from iamd.wire.models import load_service, operation_names
from tests.wire.requests import decode, operation

NAME = r"[\w+=,.@-]*"
TAG_KEY = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+"
ROLE_ARN = "arn:aws:iam::111122223333:role/reader"


def refusal(name: str, **given: str) -> str | None:
    with pytest.raises(ValidationError) as refused:
        decode(name, **given)
    assert refused.value.status == 400
    return refused.value.message


def tags(count: int) -> dict[str, str]:
    return {f"Tags.member.{n}.{part}": f"{part}{n}" for n in range(1, count + 1) for part in ("Key", "Value")}


# IAM ------------------------------------------------------------------------------------------------------------------


def test_a_missing_member() -> None:
    assert refusal("CreateUser") == (
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must not be null"
    )


def test_lengths_of_text() -> None:
    assert refusal("CreateUser", UserName="") == (
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )
    assert refusal("CreateUser", UserName="a" * 65) == (
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64"
    )
    assert decode("CreateUser", UserName="a" * 64)


def test_a_reference_to_a_user_may_be_longer_than_a_new_name() -> None:
    assert decode("GetUser", UserName="a" * 128)
    assert refusal("GetUser", UserName="a" * 129) == (
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: "
        "Member must have length less than or equal to 128"
    )


def test_lengths_count_code_points() -> None:
    def of(value: str) -> dict[str, str]:
        return {"UserName": "a", "Tags.member.1.Key": "k", "Tags.member.1.Value": value}

    assert decode("CreateUser", **of("é" * 256))["Tags"][0]["Value"] == "é" * 256
    assert decode("CreateUser", **of("𐐀" * 256))["Tags"][0]["Value"] == "𐐀" * 256
    assert refusal("CreateUser", **of("𐐀" * 257)) == (
        "1 validation error detected: Value at 'tags.1.member.value' failed to satisfy constraint: "
        "Member must have length less than or equal to 256"
    )


def test_ranges_of_numbers() -> None:
    assert refusal("ListUsers", MaxItems="0") == (
        "1 validation error detected: Value at 'maxItems' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1"
    )
    assert refusal("ListUsers", MaxItems="1001") == (
        "1 validation error detected: Value at 'maxItems' failed to satisfy constraint: "
        "Member must have value less than or equal to 1000"
    )
    assert decode("ListUsers", MaxItems="1000") == {"MaxItems": 1000}


def test_sets_of_values_are_not_listed_by_iam() -> None:
    given = {"UserName": "alice", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "active"}
    assert refusal("UpdateAccessKey", **given) == (
        "1 validation error detected: Value at 'status' failed to satisfy constraint: "
        "Member must satisfy enum value set"
    )


def test_patterns() -> None:
    arn = "arn:aws:iam::111122223333:policy/readers"
    assert refusal("DeletePolicyVersion", PolicyArn=arn, VersionId="v0") == (
        "1 validation error detected: Value at 'versionId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"
    )
    assert refusal("DeleteServiceSpecificCredential", ServiceSpecificCredentialId="ACCAEXAMPLE-12345678") == (
        "1 validation error detected: Value at 'serviceSpecificCredentialId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w]+"
    )


def test_members_of_structures_in_a_list_are_named_by_their_place() -> None:
    given = {"UserName": "a", "Tags.member.5.Key": "fine", "Tags.member.5.Value": "", "Tags.member.8.Key": "a!"}
    assert refusal("TagUser", **given, **{"Tags.member.8.Value": "v"}) == (
        "1 validation error detected: Value at 'tags.2.member.key' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {TAG_KEY}"
    )
    assert refusal("TagUser", UserName="a", Tags__member__1__Key="k") == (
        "1 validation error detected: Value at 'tags.1.member.value' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_lengths_of_lists() -> None:
    assert decode("CreateUser", UserName="a", **tags(50))
    assert refusal("CreateUser", UserName="a", **tags(51)) == (
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: "
        "Member must have length less than or equal to 50"
    )


def test_single_values_in_a_list_are_one_violation_of_the_list() -> None:
    assert refusal("UntagUser", UserName="a", TagKeys__member__1="", TagKeys__member__2="!") == (
        "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must have length less than or equal to 128, "
        "Member must have length greater than or equal to 1, "
        f"Member must satisfy regular expression pattern: {TAG_KEY}, Member must not be null]"
    )


def test_several_violations_are_told_together_in_the_order_of_a_java_hash_map() -> None:
    url = "https://" + "a" * 250
    given = {"Url": url, "ThumbprintList.member.1": "a", "ClientIDList.member.1": "a" * 256}
    assert refusal("CreateOpenIDConnectProvider", **given) == (
        "3 validation errors detected: "
        "Value at 'clientIDList' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must have length less than or equal to 255, Member must have length greater than or equal to 1]; "
        "Value at 'thumbprintList' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must have length less than or equal to 40, Member must have length greater than or equal to 40]; "
        "Value at 'url' failed to satisfy constraint: Member must have length less than or equal to 255"
    )
    limits = {"MaxPasswordAge": "2000", "MinimumPasswordLength": "200", "PasswordReusePrevention": "30"}
    assert refusal("UpdateAccountPasswordPolicy", **limits) == (
        "3 validation errors detected: "
        "Value at 'minimumPasswordLength' failed to satisfy constraint: "
        "Member must have value less than or equal to 128; "
        "Value at 'passwordReusePrevention' failed to satisfy constraint: "
        "Member must have value less than or equal to 24; "
        "Value at 'maxPasswordAge' failed to satisfy constraint: Member must have value less than or equal to 1095"
    )


def test_several_violations_of_one_value_are_told_one_by_one() -> None:
    assert refusal("TagUser", UserName="a", Tags__member__1__Key="!" * 129, Tags__member__1__Value="") == (
        "2 validation errors detected: Value at 'tags.1.member.key' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {TAG_KEY}; "
        "Value at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128"
    )


def test_maps() -> None:
    assert refusal("PutAccountProperties", **{"Properties.entry.1.key": "1", "Properties.entry.1.value": ""}) == (
        "2 validation errors detected: "
        "Value at 'properties' failed to satisfy constraint: Map keys must satisfy constraint: "
        "[Member must have length less than or equal to 50, Member must have length greater than or equal to 1, "
        "Member must satisfy regular expression pattern: ^[A-Za-z][A-Za-z0-9/_-]*$]; "
        "Value at 'properties' failed to satisfy constraint: Map value must satisfy constraint: "
        "[Member must have length less than or equal to 1024, Member must have length greater than or equal to 1]"
    )
    values = {f"ReplacementValues.entry.1.value.Values.member.{n}": "v" for n in range(1, 22)}
    arn = "arn:aws:iam::aws:role-template/example.amazonaws.com/reader:1"
    assert refusal("AcquireRole", TemplateArn=arn, ReplacementValues__entry__1__key="bucket", **values) == (
        "1 validation error detected: Value at 'replacementValues.bucket.member.values' failed to satisfy constraint: "
        "Member must have length less than or equal to 20"
    )


# What IAM words itself ------------------------------------------------------------------------------------------------

WORDED = [
    ("CreateUser", {"UserName": "a/b"}, "userName"),
    ("UpdateUser", {"UserName": "a", "NewUserName": "é"}, "newUserName"),
    ("CreateGroup", {"GroupName": "a b"}, "groupName"),
    ("UpdateGroup", {"GroupName": "a", "NewGroupName": "a\n"}, "newGroupName"),
    ("GetRole", {"RoleName": "a*"}, "roleName"),
    ("GetUserPolicy", {"UserName": "a", "PolicyName": "a:b"}, "policyName"),
    ("CreatePolicy", {"PolicyName": "a#", "PolicyDocument": "{}"}, "policyName"),
    ("GetInstanceProfile", {"InstanceProfileName": "a/"}, "instanceProfileName"),
    ("GetServerCertificate", {"ServerCertificateName": "a b"}, "serverCertificateName"),
]


@pytest.mark.parametrize(("name", "given", "member"), WORDED, ids=lambda value: str(value))
def test_characters_of_names(name: str, given: dict[str, str], member: str) -> None:
    assert refusal(name, **given) == (
        f"The specified value for {member} is invalid. "
        "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    )


@pytest.mark.parametrize("path", ["a", "/a", "a/", "/a b/", "/é/", "//", "/a/\n"])
def test_paths(path: str) -> None:
    rule = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
    assert refusal("CreateUser", UserName="a", Path=path) == f"The specified value for path is invalid. {rule}"
    given = {"PolicyName": "a", "PolicyDocument": "{}", "Path": path}
    assert refusal("CreatePolicy", **given) == f"The specified value for path is invalid. {rule}"
    assert refusal("UpdateUser", UserName="a", NewPath=path) == f"The specified value for newPath is invalid. {rule}"


@pytest.mark.parametrize("path", ["/", "/a/", "/a/b/", "/a//b/", "///"])
def test_paths_may_have_empty_segments(path: str) -> None:
    assert decode("CreateUser", UserName="a", Path=path)["Path"] == path


@pytest.mark.parametrize("prefix", ["invalid", "/invalid\n", "/é"])
def test_path_prefixes(prefix: str) -> None:
    assert refusal("ListUsers", PathPrefix=prefix) == (
        "The specified value for pathPrefix is invalid. "
        "It must begin with the / character and contain only alphanumeric characters and/or / characters."
    )


def test_a_path_prefix_may_end_inside_a_segment() -> None:
    assert decode("ListRoles", PathPrefix="/divi")["PathPrefix"] == "/divi"


def test_characters_of_documents_and_ids() -> None:
    message = "The specified value for {} is invalid. It must contain only printable ASCII characters."
    given = {"PolicyName": "p", "PolicyDocument": '{"Sid": "中"}'}
    assert refusal("CreatePolicy", **given) == message.format("policyDocument")
    given = {"RoleName": "r", "AssumeRolePolicyDocument": "中"}
    assert refusal("CreateRole", **given) == message.format("assumeRolePolicyDocument")
    assert refusal("GetAccessKeyLastUsed", AccessKeyId="AKIA-IOSFODNN7EXAMPLE") == (
        "The specified value for accessKeyId is invalid. It must contain only alphanumeric characters."
    )


def test_constraints_are_told_before_what_iam_words_itself() -> None:
    assert refusal("CreateUser", UserName="a/b", Path="/" * 513) == (
        "1 validation error detected: Value at 'path' failed to satisfy constraint: "
        "Member must have length less than or equal to 512"
    )
    assert refusal("CreateUser", UserName="/" * 65) == (
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64"
    )


# STS ------------------------------------------------------------------------------------------------------------------


def test_sts_prints_the_value() -> None:
    assert refusal("AssumeRole", RoleArn=ROLE_ARN, RoleSessionName="Session1:2") == (
        "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {NAME}"
    )
    given = {"RoleArn": ROLE_ARN, "RoleSessionName": "alice", "DurationSeconds": "+0899"}
    assert refusal("AssumeRole", **given) == (
        "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: "
        "Member must have value greater than or equal to 900"
    )


def test_sts_prints_null_for_a_missing_member() -> None:
    assert refusal("AssumeRole", RoleArn=ROLE_ARN) == (
        "1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_sts_tells_pattern_and_length_of_one_value() -> None:
    arn = r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+"
    assert refusal("AssumeRole", RoleArn="", RoleSessionName="alice") == (
        "2 validation errors detected: Value '' at 'roleArn' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {arn}; "
        "Value '' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"
    )


def test_sts_prints_even_a_long_policy_but_nothing_beyond_reason() -> None:
    policy = "<" * 3000
    assert refusal("GetFederationToken", Name="alice", Policy=policy) == (
        f"1 validation error detected: Value '{policy}' at 'policy' failed to satisfy constraint: "
        "Member must have length less than or equal to 2048"
    )
    assert refusal("GetFederationToken", Name="alice", Policy="<" * 20_001) == (
        "1 validation error detected: Value at 'policy' failed to satisfy constraint: "
        "Member must have length less than or equal to 2048"
    )


def test_sts_prints_lists_of_values() -> None:
    given = {"RoleArn": ROLE_ARN, "RoleSessionName": "alice"}
    assert refusal("AssumeRole", **given, TransitiveTagKeys__member__1="a", TransitiveTagKeys__member__2="!") == (
        "1 validation error detected: Value '[a, !]' at 'transitiveTagKeys' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must have length less than or equal to 128, "
        "Member must have length greater than or equal to 1, "
        f"Member must satisfy regular expression pattern: {TAG_KEY}, Member must not be null]"
    )
    assert refusal("AssumeRole", **given, Tags__member__1__Key="!", Tags__member__1__Value="") == (
        "1 validation error detected: Value '!' at 'tags.1.member.key' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {TAG_KEY}"
    )
    assert refusal("AssumeRole", **given, **tags(51)) == (
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: "
        "Member must have length less than or equal to 50"
    )


def test_no_text_shows_a_secret() -> None:
    given = {"RoleArn": ROLE_ARN, "RoleSessionName": "alice"}
    assert refusal("AssumeRoleWithWebIdentity", **given, WebIdentityToken="abc") == (
        "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: "
        "Member must have length greater than or equal to 4"
    )
    assert refusal("CreateLoginProfile", UserName="alice", Password="\0correct horse") == (
        "1 validation error detected: Value at 'password' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+"
    )


def test_a_source_identity_may_have_256_characters() -> None:
    given = {"RoleArn": ROLE_ARN, "RoleSessionName": "alice"}
    assert decode("AssumeRole", **given, SourceIdentity="a" * 256)["SourceIdentity"] == "a" * 256
    assert refusal("AssumeRole", **given, SourceIdentity="a" * 257) == (
        f"1 validation error detected: Value '{'a' * 257}' at 'sourceIdentity' failed to satisfy constraint: "
        "Member must have length less than or equal to 256"
    )


@pytest.mark.parametrize("service", ["iam", "sts"])
def test_every_operation_can_be_checked(service: str) -> None:
    for name in operation_names(service):
        required = load_service(service).operations[name].input
        if required is not None and required.required:
            with pytest.raises(ValidationError):
                query.decode_input(operation(name), {})
        else:
            assert query.decode_input(operation(name), {}) == {}


def test_a_session_takes_ten_managed_policies() -> None:
    def arns(count: int) -> dict[str, str]:
        return {f"PolicyArns.member.{n}.arn": f"arn:aws:iam::aws:policy/Policy{n}" for n in range(1, count + 1)}

    given = {"RoleArn": ROLE_ARN, "RoleSessionName": "session"}
    assert len(decode("AssumeRole", **given, **arns(10))["PolicyArns"]) == 10
    assert refusal("AssumeRole", **given, **arns(11)) == (
        "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: "
        "Member must have length less than or equal to 10"
    )
