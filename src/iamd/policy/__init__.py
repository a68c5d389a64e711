"""The policy engine: AWS's policy language and AWS's decision, pure and without a server."""

from iamd.policy.authorize import Decision, Policies, authorize
from iamd.policy.document import Policy, Statement, parse_policy
from iamd.policy.evaluate import Match, PolicyType
from iamd.policy.grammar import check_identity_policy, check_session_policy, policy_size
from iamd.policy.messages import denial_message
from iamd.policy.organizations_grammar import check_resource_control_policy, check_service_control_policy
from iamd.policy.request import Context, Principal, Request
from iamd.policy.resource_grammar import check_resource_policy, check_trust_policy, invalid_principal

__all__ = [
    "Context",
    "Decision",
    "Match",
    "Policies",
    "Policy",
    "PolicyType",
    "Principal",
    "Request",
    "Statement",
    "authorize",
    "check_identity_policy",
    "check_resource_control_policy",
    "check_resource_policy",
    "check_service_control_policy",
    "check_session_policy",
    "check_trust_policy",
    "denial_message",
    "invalid_principal",
    "parse_policy",
    "policy_size",
]
