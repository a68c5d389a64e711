"""Delegation requests: who sees and moves them, when they expire, and what the requestor gets in the end."""

from typing import Any

import pytest
from msgspec.structs import replace

from iamd.account.changes import DropDelegationRequest, PutDelegationRequest
from iamd.account.delegation import DAY, KEPT
from iamd.account.ids import find_account_of_uuid
from iamd.authentication.session_token import open_session_token, session_caller
from iamd.authorization.authorize import authorize
from iamd.authorization.targets import find_account_acted_on
from iamd.call import Caller, Session
from iamd.errors import ServiceError
from iamd.server.operations import find_operation_function
from iamd.wire.models import load_service
from tests.iam.world import NOW, check_shape, operation_model
from tests.sts.cloud import ACCOUNT, OTHER, Cloud, allow, trust

PROVIDER, OWNER = ACCOUNT, OTHER
EVERYTHING = allow("iam:*", "sts:*", "iamd:*")
CHANNEL = f"arn:aws:sns:us-east-1:{PROVIDER}:delegations"


class Delegations:
    """A product provider's account and a customer's, who ask and answer through authorization as the pipeline does."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.time = NOW
        self.provider = self.cloud.user("provider", EVERYTHING)
        self.alice = self.cloud.user("alice", EVERYTHING, account_id=OWNER)
        self.bob = self.cloud.user("bob", EVERYTHING, account_id=OWNER)
        self.carol = self.cloud.user("carol", account_id=OWNER)
        self.template = self.cloud.policy("Setup", allow("s3:GetObject", resource="arn:aws:s3:::@{bucket}/*"))

    def ask(self, operation_name: str, caller: Caller, /, service: str = "iam", **input: Any) -> dict[str, Any]:
        operation = load_service(service).operations[operation_name]
        if service != "iamd":
            model = operation_model(_boto3_name(operation_name))
            check_shape(model.input_shape, input, "input")
        own = self.cloud.worlds[caller.account_id]
        acted_on = self.cloud.worlds.get(find_account_acted_on(operation, input, own.account) or "", own)
        call = replace(own.call("GetUser", caller), operation=operation_name, service=service, time=self.time)
        authorize(operation, input, acted_on.account, call, None if acted_on is own else own.account)
        function = find_operation_function(operation)
        assert function is not None
        output, changes = function(acted_on.account, input, call)
        for change in changes:
            requests = acted_on.directory.delegation_requests
            if isinstance(change, PutDelegationRequest):
                assert change.request.requestor_id == acted_on.account.account_id  # whose head orders its writes
                requests[change.request.id] = change.request
            else:
                assert isinstance(change, DropDelegationRequest)
                del requests[change.request_id]
        if service != "iamd":
            check_shape(model.output_shape, output, "output")
        return output

    def refusal(self, operation_name: str, caller: Caller, /, **input: Any) -> str:
        try:
            output = self.ask(operation_name, caller, **input)
        except ServiceError as error:
            return f"{error.code}: {error.message}"
        raise AssertionError(f"not refused, but answered {output}")

    def create(self, workflow: str = "workflow-1", **more: Any) -> str:
        input = {
            "Description": "Set up",
            "Permissions": {
                "PolicyTemplateArn": self.template,
                "Parameters": [{"Name": "bucket", "Values": ["data"], "Type": "string"}],
            },
            "RequestorWorkflowId": workflow,
            "NotificationChannel": CHANNEL,
            "SessionDuration": 3600,
            "OwnerAccountId": OWNER,
        }
        sent = {name: value for name, value in (input | more).items() if value is not None}
        request_id: str = self.ask("CreateDelegationRequest", self.provider, **sent)["DelegationRequestId"]
        return request_id

    def move(self, request_id: str, *steps: tuple[str, Caller]) -> str:
        for operation_name, caller in steps:
            assert self.ask(operation_name, caller, DelegationRequestId=request_id) == {}
        return request_id

    def get(self, request_id: str, caller: Caller | None = None) -> dict[str, Any]:
        answer = self.ask("GetDelegationRequest", caller or self.alice, DelegationRequestId=request_id)
        request: dict[str, Any] = answer["DelegationRequest"]
        return request

    def state(self, request_id: str) -> str:
        return str(self.get(request_id)["State"])

    def finalized(self, approver: Caller | None = None, **more: Any) -> str:
        approver = approver or self.bob
        return self.move(
            self.create(**more),
            ("AssociateDelegationRequest", self.alice),
            ("UpdateDelegationRequest", self.alice),
            ("AcceptDelegationRequest", approver),
            ("SendDelegationToken", approver),
        )

    def trade_in(self, request_id: str) -> dict[str, Any]:
        token = self.ask("GetTradeInToken", self.provider, service="iamd", DelegationRequestId=request_id)
        traded = token["TradeInToken"]
        return self.ask("GetDelegatedAccessToken", self.provider, service="sts", TradeInToken=traded)


def _boto3_name(name: str) -> str:
    from botocore import xform_name

    return str(xform_name(name))


@pytest.fixture
def given() -> Delegations:
    return Delegations()


def not_found(request_id: str) -> str:
    return f"NoSuchEntity: The delegation request with id {request_id} cannot be found."


def in_state(request_id: str, state: str) -> str:
    return f"InvalidInput: The delegation request {request_id} is in the state {state}."


# The life of a request ------------------------------------------------------------------------------------------------


def test_a_request_from_its_making_to_its_end(given: Delegations) -> None:
    request_id = given.create(RequestMessage="Please", RedirectUrl="https://www.example.com/done")
    assert find_account_of_uuid(request_id) == PROVIDER
    given.move(request_id, ("AssociateDelegationRequest", given.alice))
    given.ask("UpdateDelegationRequest", given.alice, DelegationRequestId=request_id, Notes="Bob, is this right?")
    assert given.get(request_id) == {
        "DelegationRequestId": request_id,
        "OwnerAccountId": OWNER,
        "Description": "Set up",
        "RequestMessage": "Please",
        "Permissions": {
            "PolicyTemplateArn": given.template,
            "Parameters": [{"Name": "bucket", "Values": ["data"], "Type": "string"}],
        },
        "PermissionPolicy": (
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], '
            '"Resource": "arn:aws:s3:::data/*"}]}'
        ),
        "OwnerId": given.alice.arn,
        "State": "PENDING_APPROVAL",
        "ExpirationTime": NOW + 7 * DAY,
        "RequestorId": PROVIDER,
        "CreateDate": NOW,
        "SessionDuration": 3600,
        "RedirectUrl": "https://www.example.com/done",
        "Notes": "Bob, is this right?",
        "OnlySendByOwner": False,
        "UpdatedTime": NOW,
    }
    given.move(request_id, ("AcceptDelegationRequest", given.bob))
    assert (given.state(request_id), given.get(request_id)["ApproverId"]) == ("ACCEPTED", given.bob.arn)
    given.move(request_id, ("SendDelegationToken", given.bob))
    assert given.state(request_id) == "FINALIZED"


def test_an_accepted_request_may_be_rejected_and_a_finalized_one_not(given: Delegations) -> None:
    request_id = given.create()
    given.move(request_id, ("AssociateDelegationRequest", given.alice), ("AcceptDelegationRequest", given.alice))
    given.ask("RejectDelegationRequest", given.bob, DelegationRequestId=request_id, Notes="No")
    assert (given.state(request_id), given.get(request_id)["RejectionReason"]) == ("REJECTED", "No")
    other = given.finalized(workflow="workflow-2")
    assert given.refusal("RejectDelegationRequest", given.bob, DelegationRequestId=other) == in_state(
        other, "FINALIZED"
    )


@pytest.mark.parametrize(
    ("operation_name", "allowed"),
    [
        ("AssociateDelegationRequest", {"UNASSIGNED"}),
        ("UpdateDelegationRequest", {"ASSIGNED", "PENDING_APPROVAL"}),
        ("AcceptDelegationRequest", {"ASSIGNED", "PENDING_APPROVAL"}),
        ("RejectDelegationRequest", {"ASSIGNED", "PENDING_APPROVAL", "ACCEPTED"}),
        ("SendDelegationToken", {"ACCEPTED"}),
    ],
)
def test_each_step_has_its_states(given: Delegations, operation_name: str, allowed: set[str]) -> None:
    states = ["UNASSIGNED", "ASSIGNED", "PENDING_APPROVAL", "ACCEPTED", "FINALIZED", "REJECTED", "EXPIRED"]
    for state in states:
        request_id = given.create(f"workflow-{state}")
        requests = given.cloud.worlds[PROVIDER].directory.delegation_requests
        requests[request_id] = replace(requests[request_id], state=state)
        if state in allowed:
            given.move(request_id, (operation_name, given.alice))
        else:
            assert given.refusal(operation_name, given.alice, DelegationRequestId=request_id) == in_state(
                request_id, state
            )


@pytest.mark.parametrize(("steps", "days"), [(0, 1), (1, 7), (2, 7), (3, 7), (4, 7)])
def test_requests_expire_when_nothing_happens(given: Delegations, steps: int, days: int) -> None:
    moves = ["AssociateDelegationRequest", "UpdateDelegationRequest", "AcceptDelegationRequest", "SendDelegationToken"]
    request_id = given.move(given.create(), *[(step, given.alice) for step in moves[:steps]])
    given.time = NOW + days * DAY - 1
    assert given.state(request_id) != "EXPIRED"
    given.time += 1
    assert given.state(request_id) == "EXPIRED"


def test_what_expired_long_ago_is_forgotten_with_the_next_request(given: Delegations) -> None:
    old = given.create()
    given.time = NOW + DAY + KEPT
    new = given.create()  # the same workflow
    assert list(given.cloud.worlds[PROVIDER].directory.delegation_requests) == [new]
    assert given.refusal("GetDelegationRequest", given.alice, DelegationRequestId=old) == not_found(old)


# Making one -----------------------------------------------------------------------------------------------------------


def test_a_workflow_has_one_request(given: Delegations) -> None:
    given.create()
    with pytest.raises(ServiceError) as refused:
        given.create()
    assert refused.value.code == "EntityAlreadyExists"


def test_a_requestor_has_a_thousand_requests_at_most(given: Delegations) -> None:
    requests = given.cloud.worlds[PROVIDER].directory.delegation_requests
    first = requests[given.create()]
    requests |= {
        f"{number}": replace(first, id=f"{number}", workflow_id=f"workflow-{number}") for number in range(2, 1001)
    }
    with pytest.raises(ServiceError) as refused:
        given.create("one-more")
    assert f"{refused.value.code}: {refused.value.message}" == (
        "LimitExceeded: Cannot exceed quota for DelegationRequestsPerAccount: 1000"
    )


@pytest.mark.parametrize(
    ("input", "text"),
    [
        ({"NotificationChannel": "no-arn"}, "The notification channel must be the ARN of an Amazon SNS topic."),
        (
            {"NotificationChannel": "arn:aws:sqs:us-east-1:1:q"},
            "The notification channel must be the ARN of an Amazon SNS topic.",
        ),
        (
            {"Permissions": {"PolicyTemplateArn": f"arn:aws:iam::{PROVIDER}:policy/Missing"}},
            f"The policy template arn:aws:iam::{PROVIDER}:policy/Missing cannot be found.",
        ),
        ({"Permissions": {}}, "The policy template  cannot be found."),
    ],
)
def test_requests_that_cannot_be_made(given: Delegations, input: dict[str, Any], text: str) -> None:
    with pytest.raises(ServiceError) as refused:
        given.create(**input)
    assert f"{refused.value.code}: {refused.value.message}" == f"InvalidInput: {text}"


def test_policies_ask_about_the_request(given: Delegations) -> None:
    for key, value, allowed in (
        ("NumericLessThanEquals", {"iam:DelegationDuration": "3600"}, True),
        ("NumericLessThan", {"iam:DelegationDuration": "3600"}, False),
        ("ArnEquals", {"iam:NotificationChannel": CHANNEL}, True),
        ("ArnEquals", {"iam:TemplateArn": CHANNEL}, False),
    ):
        statement = allow("iam:CreateDelegationRequest", Condition={key: value})
        given.provider = given.cloud.user("provider", statement)
        if allowed:
            given.create(f"workflow-{key}-{len(value)}-{next(iter(value))}")
        else:
            with pytest.raises(ServiceError, match="is not authorized to perform: iam:CreateDelegationRequest"):
                given.create("workflow-denied")


# Who may --------------------------------------------------------------------------------------------------------------


def test_a_request_for_nobody_yet_is_anybodys_to_see(given: Delegations) -> None:
    request_id = given.create(OwnerAccountId=None)
    assert "OwnerAccountId" not in given.get(request_id)
    assert given.get(request_id, given.provider)["State"] == "UNASSIGNED"
    given.move(request_id, ("AssociateDelegationRequest", given.bob))
    assert given.get(request_id)["OwnerAccountId"] == OWNER
    assert given.refusal("GetDelegationRequest", given.provider, DelegationRequestId=request_id) == not_found(
        request_id
    )


def test_a_request_for_one_account_is_nobody_elses(given: Delegations) -> None:
    request_id = given.create()
    eve = given.cloud.user("eve", EVERYTHING)  # of the requestor's account
    for operation_name in ("GetDelegationRequest", "AssociateDelegationRequest", "RejectDelegationRequest"):
        assert given.refusal(operation_name, eve, DelegationRequestId=request_id) == not_found(request_id)
    for unknown in ("0" * 16, "19df6690-e500-8000-8000-000000000000"):
        assert given.refusal("AcceptDelegationRequest", given.alice, DelegationRequestId=unknown) == not_found(unknown)


def test_who_has_no_permission_may_nothing(given: Delegations) -> None:
    request_id = given.create()
    for operation_name in ("GetDelegationRequest", "AssociateDelegationRequest", "AcceptDelegationRequest"):
        assert given.refusal(operation_name, given.carol, DelegationRequestId=request_id) == (
            f"AccessDenied: User: {given.carol.arn} is not authorized to perform: iam:{operation_name} on resource: "
            f"arn:aws:iam::{OWNER}:delegation-request/{request_id} because no identity-based policy allows the "
            f"iam:{operation_name} action"
        )


def test_an_owner_sees_and_hands_on_its_request_without_a_policy(given: Delegations) -> None:
    associate = given.cloud.user("dave", allow("iam:AssociateDelegationRequest"), account_id=OWNER)
    request_id = given.move(given.create(), ("AssociateDelegationRequest", associate))
    assert given.get(request_id, associate)["OwnerId"] == associate.arn
    given.move(request_id, ("UpdateDelegationRequest", associate))
    for operation_name in ("AcceptDelegationRequest", "SendDelegationToken", "RejectDelegationRequest"):
        assert given.refusal(operation_name, associate, DelegationRequestId=request_id).startswith("AccessDenied: ")
    assert given.refusal("GetDelegationRequest", given.carol, DelegationRequestId=request_id).startswith("AccessDenied")
    denied = {"Effect": "Deny", "Action": "iam:GetDelegationRequest", "Resource": "*"}
    again = given.cloud.user("dave", denied, account_id=OWNER)
    owned = given.move(given.create("workflow-2"), ("AssociateDelegationRequest", given.bob))
    requests = given.cloud.worlds[PROVIDER].directory.delegation_requests
    requests[owned] = replace(requests[owned], owner_arn=again.arn)
    assert "explicit deny" in given.refusal("GetDelegationRequest", again, DelegationRequestId=owned)


def test_a_policy_may_be_about_ones_own_requests(given: Delegations) -> None:
    own = {"StringEquals": {"iam:DelegationRequestOwner": "${aws:PrincipalArn}"}}
    erin = given.cloud.user("erin", allow("iam:AcceptDelegationRequest", Condition=own), account_id=OWNER)
    request_id = given.move(given.create(), ("AssociateDelegationRequest", given.alice))
    assert given.refusal("AcceptDelegationRequest", erin, DelegationRequestId=request_id).startswith("AccessDenied: ")
    requests = given.cloud.worlds[PROVIDER].directory.delegation_requests
    requests[request_id] = replace(requests[request_id], owner_arn=erin.arn)
    given.move(request_id, ("AcceptDelegationRequest", erin))


def test_lists_show_what_has_an_owner(given: Delegations) -> None:
    given.create("workflow-1")
    ids = [
        given.move(given.create(f"workflow-{number}"), ("AssociateDelegationRequest", who))
        for number, who in ((2, given.alice), (3, given.bob), (4, given.alice))
    ]
    listed = given.ask(
        "ListDelegationRequests", given.cloud.user("frank", allow("iam:ListDelegationRequests"), account_id=OWNER)
    )
    assert [each["DelegationRequestId"] for each in listed["DelegationRequests"]] == sorted(ids)
    assert listed["isTruncated"] is False
    own = given.ask("ListDelegationRequests", given.alice, OwnerId=given.alice.arn)["DelegationRequests"]
    assert {each["OwnerId"] for each in own} == {given.alice.arn}
    page = given.ask("ListDelegationRequests", given.alice, MaxItems=2)
    assert page["isTruncated"] is True
    rest = given.ask("ListDelegationRequests", given.alice, Marker=page["Marker"])
    assert [each["DelegationRequestId"] for each in rest["DelegationRequests"]] == sorted(ids)[2:]
    assert given.ask("ListDelegationRequests", given.provider)["DelegationRequests"] == []


def test_only_the_owner_may_send_if_the_requestor_wants_it(given: Delegations) -> None:
    request_id = given.move(
        given.create(OnlySendByOwner=True),
        ("AssociateDelegationRequest", given.alice),
        ("AcceptDelegationRequest", given.bob),
    )
    assert given.refusal("SendDelegationToken", given.bob, DelegationRequestId=request_id) == (
        "InvalidInput: Only the owner of this delegation request can send its token."
    )
    given.move(request_id, ("SendDelegationToken", given.alice))


def test_who_has_less_than_its_user_cannot_accept(given: Delegations) -> None:
    request_id = given.move(given.create(), ("AssociateDelegationRequest", given.alice))
    limited = replace(
        given.alice, session=Session(issued=NOW, expires=NOW + 60, mfa_time=NOW, policy_arns=(given.template,))
    )
    given.cloud.worlds[OWNER].directory.aws_managed_policies = {
        given.template: given.cloud.worlds[PROVIDER].account.find_policy(given.template)
    }
    refused = given.refusal("AcceptDelegationRequest", limited, DelegationRequestId=request_id)
    assert refused.startswith("AccessDenied: ")  # the session policies say nothing of it


def test_root_delegates_four_hours_at_most(given: Delegations) -> None:
    root = given.cloud.worlds[OWNER].root
    request_id = given.move(given.create(SessionDuration=14_401), ("AssociateDelegationRequest", root))
    assert given.refusal("AcceptDelegationRequest", root, DelegationRequestId=request_id) == (
        "InvalidInput: The root user can only accept delegation requests with a duration of 4 hours or less."
    )


def test_a_request_in_words(given: Delegations) -> None:
    request_id = given.create()
    arn = f"arn:aws:iam::{OWNER}:delegation-request/{request_id}"
    assert given.ask("GetHumanReadableSummary", given.alice, EntityArn=arn) == {
        "SummaryContent": "1. Allows: Amazon S3 (GetObject). Resources: arn:aws:s3:::data/*.",
        "Locale": "en",
        "SummaryState": "AVAILABLE",
    }


DENY = {"Effect": "Deny", "Action": "iam:DeleteUser", "Resource": "*"}


@pytest.mark.parametrize(
    ("asked", "own", "result"),
    [
        (allow("iam:ListUsers", resource="arn:aws:iam::1:user/"), [allow("iam:List*")], "ALLOWED"),
        (allow("iam:ListUsers", resource="arn:aws:iam::1:user/"), [allow("iam:List*"), DENY], "ALLOWED"),
        (allow("iam:ListUsers", resource="arn:aws:iam::1:user/"), [], "DENIED"),
        (allow("iam:DeleteUser", resource="arn:aws:iam::1:user/x"), [allow("iam:*"), DENY], "DENIED"),
        (allow("iam:ListUsers", "sqs:SendMessage", resource="arn:aws:sqs:::q"), [allow("iam:*")], "DENIED"),
        (allow("iam:List*"), [allow("iam:*")], "ALLOWED"),
        (allow("iam:List*"), [allow("iam:*"), DENY], "UNSURE"),
        (allow("iam:*"), [allow("iam:List*")], "UNSURE"),
        (allow("iam:List*"), [allow("iam:List?")], "UNSURE"),  # which the text itself fits
        (allow("iam:List*"), [allow("iam:List?*")], "UNSURE"),
        (allow("iam:ListUsers", resource="arn:aws:s3:::*"), [allow("iam:*", resource="arn:aws:s3:::?")], "UNSURE"),
        ({"NotAction": "s3:*", "Resource": "*"}, [allow("*")], "UNSURE"),
    ],
)
def test_what_a_caller_could_do_itself(
    given: Delegations, asked: dict[str, Any], own: list[dict[str, Any]], result: str
) -> None:
    given.template = given.cloud.policy("Setup", asked)
    request_id = given.create(Permissions={"PolicyTemplateArn": given.template})
    gina = given.cloud.user("gina", allow("iam:GetDelegationRequest"), *own, account_id=OWNER)
    answer = given.ask("GetDelegationRequest", gina, DelegationRequestId=request_id, DelegationPermissionCheck=True)
    assert (answer["PermissionCheckStatus"], answer["PermissionCheckResult"]) == ("COMPLETE", result)
    root = given.cloud.worlds[OWNER].root
    answer = given.ask("GetDelegationRequest", root, DelegationRequestId=request_id, DelegationPermissionCheck=True)
    assert answer["PermissionCheckResult"] == ("UNSURE" if "NotAction" in asked else "ALLOWED")


# The access -----------------------------------------------------------------------------------------------------------


def test_the_requestor_acts_as_the_approver_within_its_policy(given: Delegations) -> None:
    given.template = given.cloud.policy("Setup", allow("iam:ListUsers", "s3:GetObject", resource="*"))
    request_id = given.finalized(Permissions={"PolicyTemplateArn": given.template})
    answer = given.trade_in(request_id)
    assert (answer["AssumedPrincipal"], answer["Credentials"]["Expiration"]) == (given.bob.arn, NOW + 3600)
    assert answer["PackedPolicySize"] > 0
    caller = opened(given, answer)
    assert (caller.arn, caller.account_id) == (given.bob.arn, OWNER)
    assert given.cloud.decide(caller, "ListUsers") == "allowed"
    assert given.cloud.decide(caller, "ListRoles") == (
        f"AccessDenied: User: {given.bob.arn} is not authorized to perform: iam:ListRoles on resource: "
        f"arn:aws:iam::{OWNER}:role/ because no session policy allows the iam:ListRoles action"
    )
    powerless = given.cloud.user("bob", account_id=OWNER)
    replaced = replace(caller, user_id=powerless.user_id)
    assert "no identity-based policy allows" in given.cloud.decide(replaced, "ListUsers")


def opened(given: Delegations, answer: dict[str, Any]) -> Caller:
    credentials = answer["Credentials"]
    world = given.cloud.worlds[OWNER]
    key_id = credentials["AccessKeyId"]
    credential = open_session_token(credentials["SessionToken"], key_id, world.sealer, given.time)
    return session_caller(credential, key_id, world.account)


def test_session_tags_that_deny_are_handed_on(given: Delegations) -> None:
    by_tag = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    statements = (EVERYTHING, {**DENY, "Effect": "Deny", "Condition": by_tag})
    trusted = trust(given.alice.arn, also=("sts:TagSession", "sts:SetSourceIdentity"))
    role = given.cloud.role("Admin", trusted, *statements, account_id=OWNER, tags=(("team", "blue"),))
    session = given.cloud.assume(
        given.alice, role, Tags=[{"Key": "team", "Value": "red"}], TransitiveTagKeys=["team"], SourceIdentity="alice"
    )
    given.template = given.cloud.policy("Setup", allow("iam:DeleteUser"))
    request_id = given.finalized(session, Permissions={"PolicyTemplateArn": given.template})
    caller = opened(given, given.trade_in(request_id))
    assert caller.session is not None
    assert session.session is not None
    assert caller.session == replace(
        session.session, delegated=True, policies=caller.session.policies, expires=NOW + 3600
    )
    refused = given.cloud.decide(caller, "DeleteUser", UserName="carol")
    assert refused.endswith("with an explicit deny in an identity-based policy"), refused


def test_a_token_exchanged_later_gives_a_session_as_old_as_the_token(given: Delegations) -> None:
    """So denying sessions older than some time, which ends those of the approver, ends what it delegated before too."""
    request_id = given.finalized()
    given.time = NOW + 600
    caller = opened(given, given.trade_in(request_id))
    assert caller.session is not None
    assert (caller.session.issued, caller.session.expires) == (NOW, NOW + 3600)


def test_it_ends_when_the_time_that_was_asked_for_is_over(given: Delegations) -> None:
    request_id = given.finalized()
    token = given.ask("GetTradeInToken", given.provider, service="iamd", DelegationRequestId=request_id)
    assert token["Expiration"] == NOW + 3600
    given.time = NOW + 3599
    assert given.trade_in(request_id)["Credentials"]["Expiration"] == NOW + 3600
    given.time = NOW + 3600
    traded = token["TradeInToken"]
    assert given.refusal("GetDelegatedAccessToken", given.provider, service="sts", TradeInToken=traded) == (
        "ExpiredTradeInTokenException: The trade-in token provided in the request has expired."
    )


def test_nobody_else_gets_the_token_or_can_use_it(given: Delegations) -> None:
    request_id = given.finalized()
    for other in (given.alice, given.bob):
        assert given.refusal("GetTradeInToken", other, service="iamd", DelegationRequestId=request_id) == (
            not_found(request_id)
        )
    token = given.ask("GetTradeInToken", given.provider, service="iamd", DelegationRequestId=request_id)["TradeInToken"]
    invalid = "AccessDenied: The trade-in token is not valid."
    assert given.refusal("GetDelegatedAccessToken", given.alice, service="sts", TradeInToken=token) == invalid
    for forged in ("x", token[:-2], given.alice.arn):
        assert given.refusal("GetDelegatedAccessToken", given.provider, service="sts", TradeInToken=forged) == invalid


def test_there_is_no_token_before_it_was_sent(given: Delegations) -> None:
    request_id = given.move(
        given.create(), ("AssociateDelegationRequest", given.alice), ("AcceptDelegationRequest", given.alice)
    )
    refused = given.refusal("GetTradeInToken", given.provider, service="iamd", DelegationRequestId=request_id)
    assert refused == in_state(request_id, "ACCEPTED")
