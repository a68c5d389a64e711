"""Principal elements: which names there can be, whom they stand for, and what cannot be a principal."""

import json
from typing import Any

import pytest

from iamd.errors import MalformedPolicyDocument
from iamd.policy import parse_policy
from iamd.policy.principals import Form, is_account, is_aws_principal, parse_principal
from tests.policy.generators import FEDERATED, OWN, PROVIDER, ROLE, ROLE_ID, ROOT, SESSION, USER, USER_ID
from tests.policy.test_combining import PRINCIPALS

SPELLINGS = [
    (OWN, True),
    (ROOT, True),
    ("arn:aws-cn:iam::111122223333:root", True),
    (OWN + "4", False),
    (OWN[:-1], False),
    ("١١١١٢٢٢٢٣٣٣٣", False),
    (ROOT + "s", False),
    ("arn:aws:iam:us-east-1:111122223333:root", False),
    ("arn:aws:iam::*:root", False),
    ("arn:aws:iam::1111222233?3:root", False),
]


@pytest.mark.parametrize(("value", "is_one"), SPELLINGS)
def test_names_of_accounts(value: str, is_one: bool) -> None:
    assert is_account(value) is is_one


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        *SPELLINGS,
        (USER, True),
        (ROLE, True),
        (SESSION, True),
        (FEDERATED, True),
        (USER_ID, True),
        (ROLE_ID, True),
        (USER_ID.lower(), False),
        (USER_ID + "*", False),
        (USER_ID[:15], False),
        ("*", False),
        ("arn:aws:iam::111122223333:role/*", False),
        ("arn:aws:iam::111122223333:role/Op?", False),
        ("arn:aws:iam::111122223333:role/", False),
        ("arn:aws:iam::111122223333:role", False),
        ("arn:aws:iam::111122223333:user", False),
        ("arn:aws:iam:::user/Ana", False),
        ("arn:aws:iam:us-east-1:111122223333:user/Ana", False),
        ("arn:aws:iam::111122223333:group/Ops", False),
        ("arn:aws:iam::111122223333:instance-profile/Ops", False),
        ("arn:aws:iam::111122223333:assumed-role/Ops/s1", False),
        ("arn:aws:sts::111122223333:user/Ana", False),
        ("arn:aws:s3::111122223333:federated-user/Fay", False),
        ("urn:aws:iam::111122223333:user/Ana", False),
        ("Ana", False),
        ("", False),
    ],
)
def test_names_of_aws_principals(value: str, is_one: bool) -> None:
    assert is_aws_principal(value) is is_one


@pytest.mark.parametrize(
    ("element", "forms"),
    [
        ("*", dict.fromkeys(PRINCIPALS, Form.EVERYONE)),
        ({"AWS": "*"}, dict.fromkeys(PRINCIPALS, Form.EVERYONE)),
        ({"AWS": [USER, "*"]}, dict.fromkeys(PRINCIPALS, Form.EVERYONE)),
        ({"AWS": OWN}, dict.fromkeys(["root", "user", "role", "federated"], Form.ACCOUNT)),
        ({"AWS": ROOT}, dict.fromkeys(["root", "user", "role", "federated"], Form.ACCOUNT)),
        (
            {"AWS": [OWN, USER]},
            {"root": Form.ACCOUNT, "user": Form.CALLER, "role": Form.ACCOUNT, "federated": Form.ENTITY},
        ),
        ({"AWS": USER}, {"user": Form.CALLER, "federated": Form.ENTITY}),
        ({"AWS": USER_ID}, {"user": Form.CALLER, "federated": Form.ENTITY}),
        ({"AWS": ROLE}, {"role": Form.ENTITY}),
        ({"AWS": ROLE_ID}, {"role": Form.ENTITY}),
        ({"AWS": [ROLE, SESSION]}, {"role": Form.CALLER}),
        ({"AWS": FEDERATED}, {"federated": Form.CALLER}),
        ({"Service": ["ec2.amazonaws.com", "logs.amazonaws.com"]}, {"service": Form.CALLER}),
        ({"Federated": PROVIDER}, {"provider": Form.CALLER}),
        # The right name under the wrong kind is nobody's.
        ({"Service": USER, "Federated": OWN}, {}),
        ({"Federated": "logs.amazonaws.com", "AWS": PROVIDER}, {}),
        ({"CanonicalUser": OWN}, {}),
        ({"Service": "*", "Federated": "*"}, {}),
        ({"AWS": []}, {}),
        ({}, {}),
    ],
)
def test_whom_an_element_names(element: Any, forms: dict[str, Form]) -> None:
    parsed = parse_principal(element)
    found = {kind: parsed.find_form(principal) for kind, principal in PRINCIPALS.items()}
    assert {kind: form for kind, form in found.items() if form is not None} == forms


@pytest.mark.parametrize(
    ("element", "understood"),
    [
        ("*", True),
        ({"AWS": ["*", USER, ROOT, USER_ID]}, True),
        ({"Service": "logs.amazonaws.com", "Federated": PROVIDER, "CanonicalUser": "a" * 64}, True),
        ({"AWS": [USER, "arn:aws:iam::111122223333:role/*"]}, False),
        ({"Service": "*"}, False),
        ({"Service": "logs.*.amazonaws.com"}, False),
        ({"Service": ""}, False),
        ({"Robot": "111122223333"}, False),
        ({"aws": OWN}, False),
        ({"AWS": []}, False),
        ({}, False),
    ],
)
def test_which_elements_make_sense(element: Any, understood: bool) -> None:
    assert parse_principal(element).understood is understood


@pytest.mark.parametrize(
    "element", ["", OWN, [], ["*"], None, True, {"AWS": None}, {"AWS": True}, {"Robot": [{}]}, {"Robot": [[OWN]]}]
)
def test_what_is_no_principal_element(element: Any) -> None:
    with pytest.raises(ValueError, match="Principal"):
        parse_principal(element)


def test_a_number_is_no_account() -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": int(OWN)}, "Action": "*", "Resource": "*"}
    with pytest.raises(MalformedPolicyDocument, match="Syntax errors in policy"):
        parse_policy(json.dumps({"Statement": statement}))
