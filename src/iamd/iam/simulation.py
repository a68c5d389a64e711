"""The policy simulator: what policies would allow, asked of the engine that decides iamd's own requests.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from iamd import policy
from iamd.account.operation import Answer, Input
from iamd.account.records import Identity, Role, User
from iamd.account.state import Account
from iamd.arn import Arn, assumed_role_arn, find_arn
from iamd.authorization.gather import policies_in_force
from iamd.call import Call
from iamd.errors import InvalidInput, PolicyEvaluation, ServiceFailure
from iamd.iam.pagination import DEFAULT_MAX_ITEMS, paginate
from iamd.iam.policy_sources import (
    PolicySource,
    find_boundary_source,
    find_policy_sources,
    get_identity,
    verify_documents,
)
from iamd.iam.simulation_results import TOO_MUCH, Document, Simulation, evaluate
from iamd.policy import Policy
from iamd.policy.matching import compile_any
from iamd.policy.values import parse_bytes, parse_date, parse_network, parse_number

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html#API_SimulateCustomPolicy_RequestParameters
RESOURCE_HANDLING_OPTIONS = frozenset(
    {"EC2-VPC-InstanceStore", "EC2-VPC-InstanceStore-Subnet", "EC2-VPC-EBS", "EC2-VPC-EBS-Subnet"}
)
# Of statements held against resources: what is simulated between two requests, in one page, and in one action.
_LIGHT, _PAGE, _MOST = 500, 50_000, 1_000_000
_MAX_VALUE = 4_096  # characters of a context key's, which a policy's variables may repeat thousands of times
# What the values of a context key must be, and how AWS calls it; texts and truth values may be anything.
_FORMS: Mapping[str, tuple[Callable[[str], object | None], str]] = {
    "numeric": (parse_number, "numeric format"),
    "date": (parse_date, "DateTime format"),
    "ip": (parse_network, "IP address"),
    "binary": (parse_bytes, "base-64 encoded binary format"),
}

ContextItems: TypeAlias = dict[str, str | tuple[str, ...]]


def simulate_custom_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html"""
    levels = input.get("OrderedOrganizationPolicyInputList")
    organization = (
        None if levels is None else tuple(_read_level(number, level, call) for number, level in enumerate(levels, 1))
    )
    caller = _read_caller(account, input.get("CallerArn"))
    return _simulate(account, input, call, _Given(caller=caller, organization=organization))


def simulate_principal_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html"""
    identity = get_identity(account, input["PolicySourceArn"])
    excluded = [_read_exclusion(each) for each in input.get("PolicyExclusionList", ())]
    try:
        sources = find_policy_sources(account, identity)
        boundary = find_boundary_source(account, identity)
        controls = policies_in_force(account, call.caller).service_control  # the caller is of the same account
    except ServiceFailure as error:
        raise PolicyEvaluation(error.message) from None
    if any(exclusion.kind == "permission-boundary" for exclusion in excluded):
        boundary = None
    organization = None
    if account.directory.find_organization(account.account_id) is not None:
        left = () if any(exclusion.kind == "scp" for exclusion in excluded) else controls or ()
        organization = tuple(tuple(each.text for each in level) for level in left)
    given = _Given(
        caller=_read_caller(account, input.get("CallerArn", identity.arn)),
        identity=tuple(
            Document(source.id, source.document)
            for source in sources
            if not any(exclusion.covers(source) for exclusion in excluded)
        ),
        boundary=None if boundary is None else Document(boundary.id, boundary.document),
        organization=organization,
    )
    return _simulate(account, input, call, given)


class _Caller(Struct, frozen=True):
    """Whose request is simulated: the principal, and the condition keys that follow from it."""

    principal: policy.Principal
    context: Mapping[str, str]


class _Given(Struct, frozen=True, kw_only=True):
    """What the two operations have each from elsewhere."""

    caller: _Caller
    identity: tuple[Document, ...] = ()
    boundary: Document | None = None
    organization: tuple[tuple[str, ...], ...] | None = None


def _simulate(account: Account, input: Input, call: Call, given: _Given) -> Answer:
    actions: Sequence[str] = input["ActionNames"]
    if any(":" not in action for action in actions):
        raise InvalidInput("The action is invalid since it is missing names")
    resources = _read_resources(input)
    _verify_resource_handling(input, actions)
    entries = _read_context(input.get("ContextEntries", ()))
    boundary = given.boundary
    boundaries = input.get("PermissionsBoundaryPolicyInputList", ())
    if len(boundaries) > 1:
        raise InvalidInput("The list of Permissions Boundary policies cannot exceed 1 items.")
    if boundaries:
        verify_documents(call, _check_identity_policy, boundaries)
        boundary = Document("PermissionsBoundaryPolicyInputList.1", boundaries[0])
    documents = input.get("PolicyInputList", ())
    verify_documents(call, _check_identity_policy, documents)
    listed = [Document(f"PolicyInputList.{number}", text) for number, text in enumerate(documents, 1)]
    simulation = Simulation(
        identity=(*given.identity, *listed),
        boundary=boundary,
        resource_policy=_read_resource_policy(input, given, resources, call),
        organization=given.organization,
        principal=given.caller.principal,
        owner_id=_read_owner(input),
        resources=resources,
        context=tuple((dict(given.caller.context) | entries).items()),
        given=frozenset(entries),
    )
    return _page(simulation, actions, input, call)


def _page(simulation: Simulation, actions: Sequence[str], input: Input, call: Call) -> Answer:
    """A page of actions, shorter than asked for if there is too much to decide; in a thread if there is much."""
    weight = simulation.weight
    if weight > _MOST:
        raise InvalidInput(TOO_MUCH)
    limit = min(input.get("MaxItems", DEFAULT_MAX_ITEMS), max(1, _PAGE // weight))
    numbers, more = paginate(range(len(actions)), {**input, "MaxItems": limit}, call, lambda number: f"{number:06}")
    asked = tuple(actions[number] for number in numbers)
    results = (
        evaluate(simulation, asked)
        if weight * len(asked) <= _LIGHT
        else call.compute_alone(evaluate, simulation, asked)
    )
    return {"EvaluationResults": results, **more}, []


# Reading what is asked ------------------------------------------------------------------------------------------------


def _read_caller(account: Account, arn: str | None) -> _Caller:
    """The user, group or role that is to be the caller, whether or not there is one. Raises InvalidInput.

    Nobody in particular has the user id that AWS gives such a caller, anybody in particular its ARN.
    """
    if arn is None:
        principal = policy.Principal(
            kind="user", account_id=account.account_id, user_id="STUB_PRINCIPAL_FOR_POLICY_SIMULATOR"
        )
        return _Caller(principal, {"aws:principalaccount": account.account_id, "aws:userid": principal.user_id})
    parsed = find_arn(arn)
    kind = parsed.resource_type if parsed is not None and parsed.service == "iam" else ""
    if parsed is None or kind not in ("user", "group", "role") or not _has_account(parsed) or not parsed.name:
        raise InvalidInput("Invalid caller - Caller must be an IAM user, role or group in this context.")
    entity = _find_entity(account, parsed)
    user_id = arn if entity is None else entity.id
    role = kind == "role"
    principal = policy.Principal(
        kind="role" if role else "user",
        account_id=parsed.account_id,
        # Some session of the role: no principal element can name it, for none has wildcards.
        arn=assumed_role_arn(parsed.account_id, parsed.name, "*") if role else arn,
        principal_arn=arn,
        user_id=user_id,
    )
    context = {
        "aws:principalaccount": parsed.account_id,
        "aws:principalarn": arn,
        "aws:principaltype": "AssumedRole" if role else "User",
        "aws:userid": user_id,
    }
    if kind == "user":
        context["aws:username"] = parsed.name
    organization = account.directory.find_organization(parsed.account_id)
    # Of other organizations nobody learns who is in them.
    if organization is not None and organization == account.directory.find_organization(account.account_id):
        context["aws:principalorgid"] = organization.id
        context["aws:principalorgmasteraccountid"] = organization.management_account_id
    return _Caller(principal, context)


def _find_entity(account: Account, arn: Arn) -> Identity | None:
    if arn.account_id != account.account_id:
        return None
    find: Mapping[str, Callable[[str], Identity | None]] = {
        "user": account.find_user,
        "group": account.find_group,
        "role": account.find_role,
    }
    entity = find[arn.resource_type](arn.name)
    return entity if isinstance(entity, User | Role) and entity.arn == str(arn) else None


def _read_resources(input: Input) -> tuple[str, ...]:
    """ARNs, or ``*`` alone."""
    resources = tuple(input.get("ResourceArns", ())) or ("*",)
    for resource in resources if resources != ("*",) else ():
        if find_arn(resource) is None:
            raise InvalidInput(f"ResourceNames are not in a valid ARN format: {resource}.")
    return resources


def _read_owner(input: Input) -> str | None:
    """The account that ``ResourceOwner`` names by its ARN. Raises InvalidInput."""
    owner = input.get("ResourceOwner")
    if owner is None:
        return None
    arn = find_arn(owner)
    if arn is None or arn.service != "iam" or not _has_account(arn):
        raise InvalidInput(f"'{owner}' is not a valid as a Resource Owner.")
    return arn.account_id


def _read_resource_policy(input: Input, given: _Given, resources: tuple[str, ...], call: Call) -> str | None:
    document: str | None = input.get("ResourcePolicy")
    if document is None:
        return None
    if not given.caller.principal.arn:
        raise InvalidInput("Invalid caller - Caller cannot be null or empty.")
    if resources == ("*",):
        raise InvalidInput("Invalid Entity Arn: * does not clearly define entity type and name.")
    is_role = all(
        (arn := find_arn(each)) and arn.service == "iam" and arn.resource_type == "role" for each in resources
    )
    verify_documents(call, policy.check_trust_policy if is_role else policy.check_resource_policy, [document])
    return document


def _read_level(number: int, level: Mapping[str, Any], call: Call) -> tuple[str, ...]:
    """The SCPs of one level of an organization."""
    documents = level.get("ServiceControlPolicyInputList", ())
    if not documents:
        raise InvalidInput(f"Organization policy at index {number} must contain at least one service control policy")
    verify_documents(call, policy.check_service_control_policy, documents)
    return tuple(documents)


def _read_context(entries: Iterable[Mapping[str, Any]]) -> ContextItems:
    """Condition keys in lower case: of a type for lists many values, of another one exactly one. Raises InvalidInput.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ContextEntry.html
    """
    context: ContextItems = {}
    for entry in entries:
        name, kind, values = entry.get("ContextKeyName"), entry.get("ContextKeyType"), entry.get("ContextKeyValues")
        if not name:
            raise InvalidInput("ContextKeyName cannot be null or empty.")
        if name.lower() in context:
            raise InvalidInput(f"Duplicate context key: {name}.")
        if kind is None:
            raise InvalidInput(f"Context key {name} has invalid type null.")
        if not values:
            raise InvalidInput(f"Context values for context key {name} cannot be null or empty.")
        if any(len(value) > _MAX_VALUE for value in values):
            raise InvalidInput(f"Invalid context value for key {name}: expected at most {_MAX_VALUE} characters.")
        is_list = kind.endswith("List")
        if not is_list and len(values) > 1:
            raise InvalidInput(f"Context key {kind} expected a single value, but received {len(values)}.")
        parse, form = _FORMS.get(kind.removesuffix("List"), (str, ""))
        if any(parse(value) is None for value in values):
            raise InvalidInput(f"Invalid context value for key {name}: expected {form}.")
        context[name.lower()] = tuple(values) if is_list else values[0]
    return context


def _verify_resource_handling(input: Input, actions: Sequence[str]) -> None:
    option = input.get("ResourceHandlingOption")
    if option is None:
        return
    for action in actions:
        if option not in RESOURCE_HANDLING_OPTIONS or action.lower() != "ec2:runinstances":
            raise InvalidInput(
                f"Invalid input resource handling options. Action does not support resource handling options: {action}."
            )


def _check_identity_policy(text: str) -> Policy:
    return policy.check_identity_policy(text, managed=False)


def _has_account(arn: Arn) -> bool:
    return len(arn.account_id) == 12 and arn.account_id.isdigit()


# Leaving policies out -------------------------------------------------------------------------------------------------


class _Exclusion(Struct, frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyIdentifier.html"""

    kind: str | None = None
    arn: str | None = None  # pattern
    inline: tuple[str, str, str] | None = None  # the owner's kind, its name, the policy's name

    def covers(self, source: PolicySource) -> bool:
        """Whether it leaves a policy out that gives permissions."""
        if self.inline is not None:
            owner_kind, owner_name, name = self.inline
            return (
                source.kind == "inline"
                and (source.owner_kind, source.name) == (owner_kind, name)
                and compile_any([owner_name])(source.owner_name)
            )
        if self.arn is not None:
            return source.arn is not None and compile_any([self.arn])(source.arn)
        return source.kind == self.kind


def _read_exclusion(identifier: Mapping[str, Any]) -> _Exclusion:
    if len(identifier) != 1:
        raise InvalidInput(
            "A policy identifier must specify exactly one of PolicyType, PolicyArn, or InlinePolicyIdentifier."
        )
    inline, arn = identifier.get("InlinePolicyIdentifier"), identifier.get("PolicyArn")
    if inline is not None:
        _verify_pattern(inline["AttachmentName"])
        return _Exclusion(inline=(inline["AttachmentType"], inline["AttachmentName"], inline["PolicyName"]))
    if arn is None:
        return _Exclusion(kind=identifier["PolicyType"])
    parsed = find_arn(arn)
    if (
        parsed is None
        or (parsed.service, parsed.region, parsed.resource_type) != ("iam", "", "policy")
        or not (_has_account(parsed) or parsed.account_id == "aws")
    ):
        raise InvalidInput(f"ARN {arn} is not valid.")
    _verify_pattern(parsed.resource)
    return _Exclusion(arn=arn)


def _verify_pattern(text: str) -> None:
    if text.count("*") > 1:
        raise InvalidInput(f"The pattern {text} is not valid: it can have at most one *.")
