"""The policy engine: AWS's policy language and AWS's decision, pure and without a server."""

from iamd.policy.authorize import Decision, Policies, authorize
from iamd.policy.document import Policy, Statement, parse_policy
from iamd.policy.evaluate import Match, PolicyType
from iamd.policy.messages import denial_message
from iamd.policy.request import Context, Principal, Request

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
    "denial_message",
    "parse_policy",
]
