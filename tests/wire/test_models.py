"""The models are AWS's own, and loading them is quick and free of botocore's code."""

import subprocess
import sys

import botocore
import pytest

from iamd import errors
from iamd.wire.models import REDACTED, load_service, operation_names, python_name, redact
from tests.wire.requests import operation

SERVICES = ["iam", "sts"]


@pytest.mark.parametrize("service", SERVICES)
def test_python_names_are_boto3s(service: str) -> None:
    for name in operation_names(service):
        assert python_name(name) == botocore.xform_name(name)


def test_python_names_of_abbreviations() -> None:
    assert python_name("CreateOpenIDConnectProvider") == "create_open_id_connect_provider"
    assert python_name("ListMFADevices") == "list_mfa_devices"
    assert python_name("UpdateSAMLProvider") == "update_saml_provider"
    assert python_name("ListARNs") == "list_arns"


def test_loading_models_imports_neither_botocore_nor_a_parser_of_urls() -> None:
    program = (
        "import sys; from iamd.wire.models import load_service; load_service('iam'); load_service('sts');"
        "print([name for name in ('botocore', 'boto3', 'urllib.request', 'json') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_a_service_knows_its_version_and_namespace() -> None:
    assert (load_service("iam").api_version, load_service("iam").xml_namespace) == (
        "2010-05-08",
        "https://iam.amazonaws.com/doc/2010-05-08/",
    )
    assert (load_service("sts").api_version, load_service("sts").xml_namespace) == (
        "2011-06-15",
        "https://sts.amazonaws.com/doc/2011-06-15/",
    )


def test_a_service_without_a_model_is_refused() -> None:
    with pytest.raises(KeyError):
        load_service("s3")


def test_an_operation_is_one_object() -> None:
    assert load_service("iam").operations["GetUser"] is operation("GetUser")
    assert operation("GetUser").service is load_service("iam")
    assert repr(operation("GetUser")) == "OperationModel(iam:GetUser)"


def test_operations_that_carry_their_credential_in_the_input_are_not_signed() -> None:
    unsigned = [name for service in SERVICES for name in operation_names(service) if not operation(name).signed]
    assert sorted(unsigned) == ["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"]


def test_operations_may_have_no_input_or_no_output() -> None:
    assert operation("GetAccountSummary").input is None
    assert operation("DeleteUser").output is None
    assert operation("DeleteUser").input is not None


def test_error_classes_have_the_status_that_the_models_declare() -> None:
    declared = {
        error.code: error.status
        for service in SERVICES
        for name in operation_names(service)
        for error in operation(name).errors
    }
    written = {
        kind.__name__: kind.status
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.ServiceError)
    }
    assert written.keys() & declared.keys()
    for code in written.keys() & declared.keys():
        assert (code, written[code]) == (code, declared[code])


def test_redact_hides_secrets_in_inputs() -> None:
    input = {"UserName": "alice", "Password": "correct horse", "PasswordResetRequired": True}
    assert redact(operation("CreateLoginProfile"), input, "input") == {
        "UserName": "alice",
        "Password": REDACTED,
        "PasswordResetRequired": True,
    }
    input = {"UserName": "alice", "SerialNumber": "s", "AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    assert redact(operation("EnableMFADevice"), input, "input") == {
        "UserName": "alice",
        "SerialNumber": "s",
        "AuthenticationCode1": REDACTED,
        "AuthenticationCode2": REDACTED,
    }


def test_redact_hides_secrets_inside_outputs() -> None:
    key = {"UserName": "alice", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "secret", "Status": "Active"}
    assert redact(operation("CreateAccessKey"), {"AccessKey": key}, "output") == {
        "AccessKey": {
            "UserName": "alice",
            "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "SecretAccessKey": REDACTED,
            "Status": "Active",
        }
    }
    credentials = {"AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": 9}
    assert redact(operation("AssumeRole"), {"Credentials": credentials}, "output") == {
        "Credentials": {
            "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
            "SecretAccessKey": REDACTED,
            "SessionToken": REDACTED,
            "Expiration": 9,
        }
    }


def test_redact_shows_lists_and_hides_what_the_model_does_not_know() -> None:
    input = {"UserName": "alice", "Tags": [{"Key": "team", "Value": "a"}], "Surprise": "?"}
    assert redact(operation("CreateUser"), input, "input") == {
        "UserName": "alice",
        "Tags": [{"Key": "team", "Value": "a"}],
        "Surprise": REDACTED,
    }


def test_redact_of_a_side_that_the_operation_does_not_have_is_empty() -> None:
    assert redact(operation("DeleteUser"), {}, "output") == {}
    assert redact(operation("GetAccountSummary"), {}, "input") == {}
