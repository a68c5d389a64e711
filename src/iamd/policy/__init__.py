"""The policy engine: AWS's policy language and AWS's decision, pure and without a server."""

from iamd.policy.action_level import KnownActions, Reach, find_reaches
from iamd.policy.authorize import Decision, Levels, Outcome, Policies, authorize, find_outcome_of
from iamd.policy.batch import authorize_callers
from iamd.policy.document import Policy, Statement, parse_policy
from iamd.policy.encoded_message import (
    authorization_message,
    decode_authorization_message,
    encode_authorization_message,
)
from iamd.policy.evaluate import Match, PolicyType
from iamd.policy.explain import Explanation, explain
from iamd.policy.grammar import check_identity_policy, check_session_policy, policy_size
from iamd.policy.messages import denial_message
from iamd.policy.organizations_grammar import check_resource_control_policy, check_service_control_policy
from iamd.policy.references import StatementReference, written_keys
from iamd.policy.request import Context, Principal, Request
from iamd.policy.resource_grammar import check_resource_policy, check_trust_policy, invalid_principal

__all__ = [
    "Context",
    "Decision",
    "Explanation",
    "KnownActions",
    "Levels",
    "Match",
    "Outcome",
    "Policies",
    "Policy",
    "PolicyType",
    "Principal",
    "Reach",
    "Request",
    "Statement",
    "StatementReference",
    "authorization_message",
    "authorize",
    "authorize_callers",
    "check_identity_policy",
    "check_resource_control_policy",
    "check_resource_policy",
    "check_service_control_policy",
    "check_session_policy",
    "check_trust_policy",
    "decode_authorization_message",
    "denial_message",
    "encode_authorization_message",
    "explain",
    "find_outcome_of",
    "find_reaches",
    "invalid_principal",
    "parse_policy",
    "policy_size",
    "written_keys",
]
