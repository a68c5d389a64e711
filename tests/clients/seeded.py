"""An account with weaknesses that auditors look for, and with what must not alarm them."""

import json
from typing import Any

from tests.clients.life import iam_arn


def allow(*actions: str, resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def seed(iam: Any) -> None:
    """Bob becomes administrator by PassRole, Alice by a role; the deployer starts what runs as that role."""
    for name in ("Alice", "Bob"):
        iam.create_user(UserName=name)
        iam.create_access_key(UserName=name)
    iam.create_login_profile(UserName="Alice", Password="a-Long-enough-1")
    iam.create_group(GroupName="Readers")
    iam.attach_group_policy(GroupName="Readers", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    iam.add_user_to_group(GroupName="Readers", UserName="Alice")
    iam.create_policy(PolicyName="Deploy", PolicyDocument=allow("iam:PassRole", "ec2:RunInstances"))
    iam.attach_user_policy(UserName="Bob", PolicyArn=iam_arn("policy/Deploy"))
    iam.create_policy(
        PolicyName="Modest", PolicyDocument=allow("s3:GetObject", resource="arn:aws:s3:::amzn-s3-demo-bucket/*")
    )
    iam.put_user_policy(UserName="Bob", PolicyName="wide", PolicyDocument=allow("s3:*"))
    iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
    iam.attach_role_policy(RoleName="Admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.create_instance_profile(InstanceProfileName="Admin")
    iam.add_role_to_instance_profile(InstanceProfileName="Admin", RoleName="Admin")
    iam.create_role(RoleName="Door", AssumeRolePolicyDocument=trust({"AWS": iam_arn("user/Alice")}))
    iam.put_role_policy(RoleName="Door", PolicyName="door", PolicyDocument=allow("iam:AttachUserPolicy"))
    iam.put_user_policy(
        UserName="Alice", PolicyName="enter", PolicyDocument=allow("sts:AssumeRole", resource=iam_arn("role/Door"))
    )
    iam.create_account_alias(AccountAlias="amzn-example")
