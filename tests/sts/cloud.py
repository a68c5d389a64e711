"""Two accounts whose callers get temporary credentials as the pipeline issues them, and become who these stand for."""

import json
from typing import Any

from msgspec.structs import replace

from iamd.account.directory import Directory
from iamd.account.records import ManagedPolicy, PolicyVersion, Role, User
from iamd.authentication.session_token import open_session_token, session_caller
from iamd.authorization.authorize import authorize
from iamd.authorization.targets import find_account_acted_on
from iamd.call import Caller, NotComputed
from iamd.errors import ServiceError
from iamd.server.operations import find_operation_function
from iamd.wire.models import load_service, python_name
from tests.iam.world import ACCOUNT_ID, CREATED, OTHER_ACCOUNT_ID, World, check_shape, operation_model

ACCOUNT, OTHER = ACCOUNT_ID, OTHER_ACCOUNT_ID


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


def allow(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Action": list(actions), "Resource": resource, **more}


def trust(*arns: str, also: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A statement of a trust policy: these may assume the role, and do what else is said."""
    return {"Principal": {"AWS": list(arns)}, "Action": ["sts:AssumeRole", *also], **more}


class Cloud:
    """Accounts ``ACCOUNT`` and ``OTHER``. Records made without an account id are of the first."""

    def __init__(self) -> None:
        directory = Directory()
        self.worlds = {account_id: World(account_id, directory) for account_id in (ACCOUNT, OTHER)}
        self._count = 0

    # Given ------------------------------------------------------------------------------------------------------------

    def user(self, name: str, *statements: dict[str, Any], account_id: str = ACCOUNT, **more: Any) -> Caller:
        """A user, as the caller that it is with its access key."""
        world = self.worlds[account_id]
        policies = {"inline": document(*statements)} if statements else {}
        world.put(
            User(
                account_id=account_id,
                name=name,
                id=self._id("AIDA"),
                created=CREATED,
                inline_policies=policies,
                **more,
            )
        )
        return world.user(name)

    def role(
        self,
        name: str,
        trust_policy: dict[str, Any],
        *statements: dict[str, Any],
        account_id: str = ACCOUNT,
        **more: Any,
    ) -> str:
        """A role, by its ARN."""
        policies = {"inline": document(*statements)} if statements else {}
        fields = {"account_id": account_id, "name": name, "id": self._id("AROA"), "created": CREATED} | more
        role = Role(trust_policy=document(trust_policy), inline_policies=policies, **fields)
        self.worlds[account_id].put(role)
        return role.arn

    def policy(self, name: str, *statements: dict[str, Any]) -> str:
        """A managed policy of the first account, by its ARN."""
        version = PolicyVersion(id="v1", document=document(*statements), created=CREATED)
        policy = ManagedPolicy(
            account_id=ACCOUNT,
            name=name,
            id=self._id("ANPA"),
            created=CREATED,
            updated=CREATED,
            versions=(version,),
        )
        self.worlds[ACCOUNT].put(policy)
        return policy.arn

    def _id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}EXAMPLE{self._count:010}"

    @property
    def root(self) -> Caller:
        return self.worlds[ACCOUNT].root

    # When -------------------------------------------------------------------------------------------------------------

    def ask(self, operation_name: str, caller: Caller, mfa_time: int | None = None, **input: Any) -> dict[str, Any]:
        """The output of an operation of STS, or iamd's own, after authorization. It changes nothing."""
        model = operation_model(python_name(operation_name))
        check_shape(model.input_shape, input, "input")
        operation = load_service(model.service_model.service_name).operations[operation_name]
        own = self.worlds[caller.account_id]
        acted_on = self.worlds.get(find_account_acted_on(operation, input, own.account) or "", own)
        call = replace(own.call(operation_name, caller), mfa_time=mfa_time)
        authorize(operation, input, acted_on.account, call, None if acted_on is own else own.account)
        function = find_operation_function(operation)
        assert function is not None
        while True:
            try:
                output, changes = function(acted_on.account, input, call)
                break
            except NotComputed as slow:
                slow.compute()
        assert changes == []
        check_shape(model.output_shape, output, "output")
        return output

    def open(self, output: dict[str, Any]) -> Caller:
        """The caller that the issued credentials stand for."""
        credentials = output["Credentials"]
        key_id = credentials["AccessKeyId"]
        world = self.worlds[ACCOUNT]
        opened = open_session_token(credentials["SessionToken"], key_id, world.sealer, world.time)
        assert opened.secret_access_key == credentials["SecretAccessKey"]
        assert opened.expires == credentials["Expiration"]
        return session_caller(opened, key_id, self.worlds[opened.account_id].account)

    def assume(self, caller: Caller, role_arn: str, session: str = "session", **input: Any) -> Caller:
        return self.open(self.ask("AssumeRole", caller, RoleArn=role_arn, RoleSessionName=session, **input))

    def refusal(self, operation_name: str, caller: Caller, **input: Any) -> str:
        """``Code: message`` of the error."""
        try:
            output = self.ask(operation_name, caller, **input)
        except ServiceError as error:
            return f"{error.code}: {error.message}"
        raise AssertionError(f"not refused, but answered {output}")

    def refused(self, caller: Caller, role_arn: str, **input: Any) -> str:
        """Why ``caller`` may not assume the role."""
        return self.refusal("AssumeRole", caller, RoleArn=role_arn, RoleSessionName="session", **input)

    def decide(self, caller: Caller, operation_name: str, **input: Any) -> str:
        """``allowed``, or why not, for an operation of IAM."""
        world = self.worlds[caller.account_id]
        operation = load_service("iam").operations[operation_name]
        try:
            authorize(operation, input, world.account, world.call(operation_name, caller))
        except ServiceError as error:
            return f"{error.code}: {error.message}"
        return "allowed"


def not_authorized(caller: Caller, role_arn: str, action: str = "sts:AssumeRole") -> str:
    return f"AccessDenied: User: {caller.arn} is not authorized to perform: {action} on resource: {role_arn}"
