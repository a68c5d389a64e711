"""A request's source address, which policies decide by: no client chooses it."""

import json
import signal
import socket
import struct

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from iamd.server.connection import plain_address
from tests.server.process import ServerProcess

ONLY_FROM_HERE = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": "iam:CreateUser",
        "Resource": "*",
        "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.1"}},
    },
}
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends a reset


def signed(endpoint: str, key: dict[str, str], form: str) -> bytes:
    """A signed POST as bytes."""
    headers = {"host": endpoint.removeprefix("http://"), "content-type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", endpoint + "/", headers, form.encode())
    SigV4Auth(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "iam", "us-east-1").add_auth(request)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"POST / HTTP/1.1\r\n{head}content-length: {len(form)}\r\n\r\n{form}".encode()


def test_a_connection_reset_before_it_is_accepted_is_not_heard(server: ServerProcess) -> None:
    root = server.client()
    root.create_user(UserName="here")
    root.put_user_policy(UserName="here", PolicyName="p", PolicyDocument=json.dumps(ONLY_FROM_HERE))
    key = root.create_access_key(UserName="here")["AccessKey"]

    server.process.send_signal(signal.SIGSTOP)
    with socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.2", 0))
        elsewhere.connect(("127.0.0.1", server.port))
        form = "Action=CreateUser&Version=2010-05-08&UserName=unheard"
        elsewhere.sendall(signed(server.endpoint, key, form))
        elsewhere.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    server.process.send_signal(signal.SIGCONT)

    root.create_user(UserName="heard")  # after whatever came before it
    assert [user["UserName"] for user in root.list_users()["Users"]] == ["heard", "here"]
    assert "traceback" not in server.log()


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_addresses_are_as_policies_write_them(given: str, plain: str) -> None:
    assert plain_address(given) == plain
