"""Collect AWS's own managed policies, documents included, in the form that ``iamd serve --aws-managed-policies`` reads.

Needs boto3 and credentials of any AWS account that may call iam:ListPolicies and iam:GetPolicyVersion:

    python tools/collect_aws_managed_policies.py > aws-managed-policies.json
    python tools/collect_aws_managed_policies.py --path-prefix /job-function/ > some.json
"""

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

AT_ONCE = 8  # requests; AWS throttles more


def collect(iam: Any, path_prefix: str) -> dict[str, Any]:
    """Each policy with its default version, which is the one in force."""
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS", PathPrefix=path_prefix)
    policies = [policy for page in pages for policy in page["Policies"]]

    def with_document(policy: dict[str, Any]) -> dict[str, Any]:
        answer = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        return policy | {"PolicyVersionList": [answer["PolicyVersion"]]}

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {"Policies": list(pool.map(with_document, policies))}


def main() -> None:
    """Print what is collected as JSON."""
    parser = argparse.ArgumentParser(description="Print AWS's managed policies for iamd serve --aws-managed-policies.")
    parser.add_argument("--path-prefix", default="/", help="only policies under this path")
    prefix = parser.parse_args().path_prefix
    iam = boto3.client("iam", config=Config(retries={"mode": "adaptive", "total_max_attempts": 20}))
    json.dump(collect(iam, prefix), sys.stdout, indent=1, default=lambda time: time.isoformat())
    print()


if __name__ == "__main__":
    main()
