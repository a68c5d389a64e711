"""What AWS lets stand in a Resource element when a policy is saved.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

import re

from iamd.policy.resources import ARN_PARTS

_PARTITION = re.compile(r"\*|aws|aws-cn|aws-us-gov|aws-eusc|aws-iso(?:-[a-z])?")
_IAM_PATHS = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
_IAM_PATHS_SINCE = ("u2f/", "delegation-request/", "delegation-template/")  # AWS takes them and does not list them
# The resources of S3 that live in a region, unlike buckets and objects.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_S3_REGIONAL = ("accesspoint/", "access-grants/", "async-request/", "job/", "storage-lens/", "storage-lens-group/")


def is_legacy_resource(resource: str) -> bool:
    """Whether the resource survives AWS's older parser: an ARN of a known partition names its service, and is no
    ARN that stops after a colon pair."""
    parts = resource.split(":", ARN_PARTS - 1)
    if len(parts) < 3 or parts[0] != "arn" or not _PARTITION.fullmatch(parts[1]):
        return True
    return bool(parts[2]) and (len(parts) == ARN_PARTS or "::" not in resource)


def find_resource_error(resource: str) -> str | None:
    """What AWS says against the resource, or None."""
    if resource == "*":
        return None
    parts = resource.split(":", ARN_PARTS - 1)
    if len(parts) == 1:
        return f'Resource {resource} must be in ARN format or "*".'
    if not _PARTITION.fullmatch(parts[1]):  # AWS takes whatever stands before the first colon for "arn"
        rest = [] if parts[2:] == [""] else parts[2:]
        shown = ":".join(["arn", parts[1], *rest] + ["*"] * (ARN_PARTS - 2 - len(rest)))
        return f'Partition "{parts[1]}" is not valid for resource "{shown}".'
    if parts[0] != "arn":
        return f'Resource {resource} must be in ARN format or "*".'
    if len(parts) == 2 or "*" in parts[2] or "?" in parts[2]:
        return "Resource vendor must be fully qualified and cannot contain regexes."
    # The older parser takes a name without colons behind it for a region: arn:aws:iam as well.
    regional = len(parts) == 3 or bool(parts[3])
    if parts[2] == "s3" and regional and not parts[-1].startswith(_S3_REGIONAL):
        return f"Resource {resource} can not contain region information."
    if parts[2] == "iam" and regional:
        return f"IAM resource {resource} cannot contain region information."
    if parts[2] == "iam" and not _is_iam_path(parts[-1]):
        return f'IAM resource path must either be "*", root, or start with {", ".join(_IAM_PATHS)}.'
    return None


def _is_iam_path(path: str) -> bool:
    return path in ("*", "root") or path.startswith(_IAM_PATHS + _IAM_PATHS_SINCE)
