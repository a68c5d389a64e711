"""Decisions in the words of AWS's AccessDenied messages.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from iamd.policy.authorize import Decision
from iamd.policy.evaluate import PolicyType

POLICY_TYPE_NAMES = {
    PolicyType.IDENTITY: "an identity-based policy",
    PolicyType.RESOURCE: "a resource-based policy",
    PolicyType.TRUST: "the role trust policy",
    PolicyType.PERMISSIONS_BOUNDARY: "a permissions boundary",
    PolicyType.SESSION: "a session policy",
    PolicyType.SERVICE_CONTROL: "a service control policy",
    PolicyType.RESOURCE_CONTROL: "a resource control policy",
    PolicyType.VPC_ENDPOINT: "a VPC endpoint policy",
}
# STS does not tell why a role may not be assumed: not even whether it exists.
_WITHOUT_REASON = {"sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext"}
_UNSIGNED = {
    "sts:assumerolewithsaml": "sts:AssumeRoleWithSAML",
    "sts:assumerolewithwebidentity": "sts:AssumeRoleWithWebIdentity",
}


def denial_message(decision: Decision, principal_arn: str, action: str, resource_text: str | None) -> str:
    """The message of the AccessDenied error for a decision that denies.

    ``principal_arn`` is the caller as GetCallerIdentity shows it. ``resource_text`` is the resource as the service
    prints it, None or empty for an action without resource.
    """
    unsigned = _UNSIGNED.get(action.lower())
    if unsigned or decision.request.principal.kind == "provider":
        return f"Not authorized to perform {unsigned or action}"
    subject = f"User: {principal_arn} is not authorized to perform: {action}"
    if resource_text:
        subject += f" on resource: {resource_text}"
    if decision.policy_type is None:
        return subject
    name = POLICY_TYPE_NAMES[decision.policy_type]
    if decision.outcome == "explicitDeny":
        arn = _managed_policy_arn(decision)
        return f"{subject} with an explicit deny in {name}" + (f": {arn}" if arn else "")
    if action.lower() in _WITHOUT_REASON:
        return subject
    _, _, bare_name = name.partition(" ")
    return f"{subject} because no {bare_name} allows the {action} action"


def _managed_policy_arn(decision: Decision) -> str | None:
    """The ARN of the first managed policy of the type named that denies; inline policies have none."""
    arns = (match.policy.arn for match in decision.matched if match.policy_type is decision.policy_type)
    return next((arn for arn in arns if arn), None)
