"""What operations answer reaches a client as it is: botocore sends the request and reads the answer."""

from datetime import datetime
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.parsers import QueryParser
from botocore.serialize import QuerySerializer
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iamd.account.records import (
    AccessKey,
    Group,
    InstanceProfile,
    MFADevice,
    PasswordPolicy,
    Role,
    SAMLPrivateKey,
    SAMLProvider,
    Settings,
    User,
)
from iamd.iam.access_keys import list_access_keys
from iamd.iam.account_settings import get_account_summary
from iamd.iam.authorization_details import get_account_authorization_details
from iamd.iam.groups import get_group
from iamd.iam.instance_profiles import get_instance_profile
from iamd.iam.login_profiles import create_login_profile
from iamd.iam.mfa_devices import create_virtual_mfa_device, list_virtual_mfa_devices
from iamd.iam.open_id_connect_providers import create_open_id_connect_provider
from iamd.iam.password_policy import get_account_password_policy
from iamd.iam.saml_providers import get_saml_provider, list_saml_providers
from iamd.iam.server_certificates import upload_server_certificate
from iamd.iam.service_linked_roles import create_service_linked_role
from iamd.iam.service_specific_credentials import (
    create_service_specific_credential,
    list_service_specific_credentials,
)
from iamd.iam.signing_certificates import upload_signing_certificate
from iamd.iam.ssh_public_keys import upload_ssh_public_key
from iamd.iam.users import create_user, get_user, list_users
from iamd.wire.models import load_service
from iamd.wire.query import decode_input, encode_output
from tests.iam.certificates import issue, rsa_key
from tests.iam.world import ACCOUNT_ID, CREATED, Operation, World, operation_model

TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
ISSUED = issue()
SERVER_CERTIFICATE = {"CertificateBody": ISSUED.pem, "PrivateKey": ISSUED.key_pem, "Path": "/x/"}
SSH_PUBLIC_KEY = rsa_key().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
TAGS = [{"Key": "a", "Value": "b"}]
SAML_KEY = SAMLPrivateKey(id="SAMLSPKEYEXAMPLE111111", sealed="sealed", created=CREATED)
SAML = {"metadata": f"<a>{'x' * 1000} &amp;</a>", "valid_until": CREATED, "private_keys": (SAML_KEY,)}
BEDROCK = {"ServiceName": "bedrock.amazonaws.com", "CredentialAgeDays": 30}
OWN = {"account_id": ACCOUNT_ID, "created": CREATED}


@pytest.fixture
def world() -> World:
    """An account with something of everything."""
    world = World()
    world.put(
        User(name="Bob", id="AIDABOB", group_ids=("AGPAREADERS",), tags=(("<&>", "100 %"),), **OWN),
        Group(name="Readers", id="AGPAREADERS", inline_policies={"Inline": TRUST}, **OWN),
        Role(name="Web", id="AROAWEB", trust_policy=TRUST, **OWN),
        InstanceProfile(name="Web", id="AIPAWEB", role_id="AROAWEB", **OWN),
        AccessKey(id="AKIAIOSFODNN7EXAMPLE", owner_id="AIDABOB", sealed_secret="sealed", created=CREATED),
        Settings(password_policy=PasswordPolicy(max_age=90), **OWN),
        SAMLProvider(name="Example", id="SAMLSPEXAMPLE111111111", **SAML, **OWN),
        MFADevice(name="watch", sealed_seed="sealed", owner_id="AIDABOB", enabled=CREATED, **OWN),
    )
    return world


def as_answered(value: Any, name: str = "") -> Any:
    """What botocore's parser read, as operations hold it: times in epoch seconds, policies not URL-encoded."""
    if isinstance(value, dict):
        return {key: as_answered(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [as_answered(item, name) for item in value]
    if isinstance(value, datetime):
        return int(value.timestamp())
    return unquote(value) if name.endswith("Document") else value


@pytest.mark.parametrize(
    ("operation", "input"),
    [
        (create_user, {"UserName": "Alice", "Tags": [{"Key": "a b", "Value": "é+/="}, {"Key": "c", "Value": ""}]}),
        (get_user, {"UserName": "Bob"}),
        (get_user, {}),
        (list_users, {"MaxItems": 1, "PathPrefix": "/"}),
        (get_group, {"GroupName": "Readers"}),
        (list_access_keys, {"UserName": "Bob"}),
        (get_instance_profile, {"InstanceProfileName": "Web"}),
        (get_account_summary, {}),
        (get_account_authorization_details, {"Filter": ["User", "Group", "Role"]}),
        (get_account_authorization_details, {"MaxItems": 2}),
        (upload_server_certificate, {"ServerCertificateName": "web", **SERVER_CERTIFICATE}),
        (upload_signing_certificate, {"UserName": "Bob", "CertificateBody": ISSUED.pem}),
        (upload_ssh_public_key, {"UserName": "Bob", "SSHPublicKeyBody": SSH_PUBLIC_KEY}),
        (create_service_specific_credential, {"UserName": "Bob", **BEDROCK}),
        (create_open_id_connect_provider, {"Url": "https://a.example.com", "ClientIDList": ["x"], "Tags": TAGS}),
        (get_saml_provider, {"SAMLProviderArn": f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/Example"}),
        (list_saml_providers, {}),
        (create_service_linked_role, {"AWSServiceName": "ecs.amazonaws.com", "Description": "Runs tasks."}),
        (list_service_specific_credentials, {"AllUsers": True, "MaxItems": 1}),
        (create_login_profile, {"UserName": "Bob", "Password": "Correct-Horse-7\u00ff"}),
        (get_account_password_policy, {}),
        (create_virtual_mfa_device, {"VirtualMFADeviceName": "phone", "Path": "/a//b/"}),
        (list_virtual_mfa_devices, {"AssignmentStatus": "Assigned"}),
    ],
)
def test_a_client_reads_what_the_operation_answered(world: World, operation: Operation, input: dict[str, Any]) -> None:
    model = operation_model(operation.__name__)
    wire_model = load_service("iam").operations[model.name]
    sent = QuerySerializer().serialize_to_request(input, model)["body"]
    decoded = decode_input(wire_model, {name: str(value) for name, value in sent.items()})
    assert decoded == input
    output = world.run(operation, **decoded)
    body = encode_output(wire_model, output, "7a62c49f-347e-4fc4-9331-6e8eexample")
    read = QueryParser().parse({"body": body, "headers": {}, "status_code": 200}, model.output_shape)
    del read["ResponseMetadata"]
    assert as_answered(read) == output
