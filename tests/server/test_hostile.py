"""Ten thousand hostile requests over HTTP: each is answered or refused, none is a fault of the server's."""

import http.client
import random
import re
import socket
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote_from_bytes, quote_plus, urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from iamd.wire.models import API_VERSIONS, OperationModel, Shape, load_service
from tests.server.process import ACCOUNT_ID, ROOT_KEY_ID, ROOT_SECRET, ServerProcess

REQUESTS = 10_000
ROOT = Credentials(ROOT_KEY_ID, ROOT_SECRET)
OPERATIONS = [operation for name in API_VERSIONS for operation in load_service(name).operations.values()]
NAMES = ["alice", "bob", "group", "role", "x" * 64, "Älice", "a/b", "*", "${aws:username}", "alice\n", "alice\x00", ""]
POLICY = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
TRUST = '{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}'
TEXTS = [
    *NAMES,
    "0",
    "-1",
    "1e309",
    "99999999999999999999999999",
    "true",
    "null",
    "\ud7ff\U0010ffff\ufffe",
    "%00%ff",
    "]]>&amp;<!--<x xmlns='y'>",
    "x" * 5000,
    "/" + "x" * 510 + "/",
    f"arn:aws:iam::{ACCOUNT_ID}:policy/p",
    f"arn:aws:iam::{ACCOUNT_ID}:user/alice",
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "arn:aws:iam:::::::",
    "arn:" * 500,
    '{"Version":"2012-10-17","Statement":[' + '{"Effect":"Allow","Action":"*","Resource":"*"},' * 50 + "{}]}",
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":["*"],"Resource":["${"],"Condition":{"":{"":""}}}}',
    '{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":{"Null":{"a":"b"}}}}',
    "[" * 5000 + "]" * 5000,
    '{"a":' * 3000 + "1" + "}" * 3000,
    '{"Statement":1e999,"Version":-0}',
    '{"Version":"2012-10-17","Version":"2008-10-17","Statement":[]}',
    '"\\ud800"',
]
NAME_TAILS = [
    ".member.0",
    ".member.1",
    ".member.999999999999",
    ".member.-1",
    ".member.x",
    ".member",
    ".",
    "..",
    ".1.2.3",
]


class Hostile:
    """Makes requests that are almost right. Every choice comes from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.malice = 0.0  # how likely this request is to be wrong in each place where it can be

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def parameters(self) -> list[tuple[str, str]]:
        operation = self.random.choice(OPERATIONS)
        parameters = [("Action", operation.name), ("Version", operation.service.api_version)]
        if operation.input is not None:
            parameters += self.members(operation, operation.input, "")
        if self.chance(self.malice):
            parameters += [self.stray(parameters) for _ in range(self.random.randrange(4))]
        if self.chance(self.malice / 4):
            self.random.shuffle(parameters)
            del parameters[: self.random.randrange(3)]
        if self.chance(0.01):
            parameters += [(f"Tags.member.{number}.Key", "k") for number in range(20_000)]
        return parameters

    def members(self, operation: OperationModel, shape: Shape, prefix: str) -> Iterator[tuple[str, str]]:
        for name, reference in shape.members.items():
            if name in shape.required or self.chance(0.2):
                yield from self.value(operation, operation.service.shapes[reference.shape], prefix + name)

    def value(self, operation: OperationModel, shape: Shape, name: str) -> Iterator[tuple[str, str]]:
        shapes = operation.service.shapes
        if name.count(".") > 8 or self.chance(self.malice / 10):
            yield name + self.random.choice(["", *NAME_TAILS]), self.random.choice(TEXTS)
        elif shape.type == "structure":
            yield from self.members(operation, shape, name + ".")
        elif shape.type == "list" and shape.member:
            for number in range(self.random.choice((0, 1, 1, 2, 2, 60))):
                yield from self.value(operation, shapes[shape.member.shape], f"{name}.member.{number + 1}")
        elif shape.type == "map" and shape.value:
            yield f"{name}.entry.1.key", self.random.choice(TEXTS)
            yield from self.value(operation, shapes[shape.value.shape], f"{name}.entry.1.value")
        elif shape.enum and self.chance(0.8):
            yield name, self.random.choice(shape.enum)
        else:
            yield name, self.text(name)

    def text(self, name: str) -> str:
        """A text, often one that the operation takes."""
        if self.chance(self.malice):
            return self.random.choice(TEXTS)
        if "Document" in name:
            return TRUST if "Assume" in name else POLICY
        if name.endswith("Arn"):
            return f"arn:aws:iam::{ACCOUNT_ID}:policy/alice"
        return "/" if name.startswith("Path") else self.random.choice(NAMES[:4])

    def stray(self, parameters: list[tuple[str, str]]) -> tuple[str, str]:
        name = self.random.choice(parameters)[0] + self.random.choice(["", *NAME_TAILS])
        return name, self.random.choice(TEXTS)

    def form(self) -> bytes:
        form = urlencode(self.parameters(), errors="surrogatepass").encode()
        if self.chance(self.malice / 4):
            at = self.random.randrange(len(form) + 1)
            form = (
                form[:at] + self.random.choice([b"%", b"%zz", b"%ff", b"&&", b"=", b"\xff", b"+", b"%00"]) + form[at:]
            )
        return form

    def request(self, endpoint: str) -> tuple[str, str, bytes, dict[str, str]]:
        """Method, target, body and headers."""
        self.malice = self.random.choice((0, 0, 0.2, 0.5))
        method = self.random.choice(("POST", "POST", "POST", "GET"))
        path = self.random.choice(("/", "/", "/", "/", "/", "//", "/a/../b", "/%2e%2e/%ff", "/" + "x" * 3000))
        query, body = b"", b""
        if method == "POST":
            body = self.form()
            query = self.form() if self.chance(self.malice / 4) else b""
        else:
            query = self.form()[:30_000]
        target = path + ("?" + quote_from_bytes(query, safe="%&=+.") if query else "")
        headers = {"host": endpoint.removeprefix("http://")}
        if method == "POST" and not self.chance(0.02):
            headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
        if self.chance(0.2):
            headers["accept"] = "application/json"
        if self.chance(0.8):
            headers = self.sign(method, endpoint + target, body, headers)
        if self.chance(self.malice):
            self.spoil(headers)
        return method, target, body, headers

    def sign(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        signed = AWSRequest(method, url, headers, body)
        SigV4Auth(ROOT, self.random.choice(("iam", "iam", "iam", "sts")), "us-east-1").add_auth(signed)
        return dict(signed.headers)

    def spoil(self, headers: dict[str, str]) -> None:
        name = self.random.choice(
            ["Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256", "host"]
        )
        value = headers.get(name, "")
        at = self.random.randrange(len(value) + 1)
        junk = self.random.choice(["", "/", "=", ",", ";", "\xff", "x" * 1000, "AWS4-HMAC-SHA256 ", "20260101T000000Z"])
        headers[name] = value[:at] + junk + value[at + self.random.randrange(20) :]


def is_fault(status: int, body: bytes) -> bool:
    """A 5xx; but 501 NotImplemented is the honest answer for an operation that is not written yet."""
    return status >= 500 and not (status == 501 and b"NotImplemented" in body)


def test_no_request_makes_the_server_fail(server: ServerProcess) -> None:
    hostile = Hostile(20260102)
    statuses: Counter[int] = Counter()
    faults = []
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for _ in range(REQUESTS):
        method, target, body, headers = hostile.request(server.endpoint)
        connection.request(method, target, body or None, headers)
        response = connection.getresponse()
        answer = response.read()
        statuses[response.status] += 1
        if is_fault(response.status, answer):
            faults.append((response.status, method, target[:300], body[:300], answer))
        assert response.headers["x-amzn-requestid"]
        if response.status == 413:
            connection.close()
    connection.close()
    assert faults == []
    assert statuses[200] > REQUESTS / 50  # enough got through to where the operations are
    assert "traceback" not in server.log()


def test_no_bytes_make_the_server_fail(server: ServerProcess) -> None:
    hostile = Hostile(20260103)
    for _ in range(1_000):
        method, target, body, headers = hostile.request(server.endpoint)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        raw = bytearray(f"{method} {target} HTTP/1.1\r\n{head}content-length: {len(body)}\r\n\r\n".encode("latin-1"))
        raw += body[:2000]
        for _ in range(hostile.random.randrange(1, 6)):
            raw[hostile.random.randrange(min(len(raw), 600))] = hostile.random.randrange(256)
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while part := connection.recv(65536):
                received += part
        for status in re.findall(rb"^HTTP/1.1 (\d+)", received):
            assert not is_fault(int(status), received), (raw, received)
    assert "traceback" not in server.log()
    assert server.ask("/_iamd/health")[0] == 200


@pytest.mark.parametrize("depth", [10, 100_000])
def test_deep_json_is_refused_as_a_policy(server: ServerProcess, depth: int) -> None:
    body = (
        "Action=CreatePolicy&Version=2010-05-08&PolicyName=deep&PolicyDocument=" + quote_plus("[" * depth + "]" * depth)
    ).encode()
    url = server.endpoint + "/"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    headers = Hostile(1).sign("POST", url, body, headers)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    answer = response.read().decode()
    connection.close()
    assert response.status == 400, answer
