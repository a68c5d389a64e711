"""One account's life on a real server, operation by operation: what the table of operations is played on."""

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.server.process import ServerProcess

ACCOUNT_ID = "111122223333"  # manages an organization with the next two as members
DELEGATE_ID, MEMBER_ID = "444455556666", "123456789012"
ALONE_ID, BILLING_ID, UNTRUSTING_ID = "222233334444", "333344445555", "555566667777"

Input = Mapping[str, Any]
NOTHING: Input = MappingProxyType({})
Given = Input | Callable[["Story"], Input]


class Refusal(NamedTuple):
    """An input that is refused, and who calls where that is not root: a key of ``Story.callers``."""

    input: Given
    caller: str = "root"


class Row(NamedTuple):
    """An operation: a call that succeeds, and one for each error that it can raise, made before it or ``after`` it.

    Text of an input that begins with ``@`` stands for what an earlier row saved: ``saves`` has a name for a path of
    members in the output, with dots between them.
    """

    operation: str
    input: Given = NOTHING
    refusals: Mapping[str, Given | Refusal] = NOTHING
    after: Mapping[str, Given | Refusal] = NOTHING
    saves: Mapping[str, str] = NOTHING
    caller: str = "root"
    service: str = "iam"


class Story:
    """Plays rows on a server. ``problems`` are all the ways in which it did not go as the table says."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.saved: dict[str, Any] = {}
        self.callers = {"root": ROOT}
        for account_id in (DELEGATE_ID, MEMBER_ID, ALONE_ID, BILLING_ID, UNTRUSTING_ID):
            self.callers[account_id] = (f"key_of_{account_id}", SECRET)
        self.problems: list[str] = []
        self._clients: dict[tuple[str, str], Any] = {}

    def restart(self, server: ServerProcess) -> None:
        """Go on with a server that was started again on the same data."""
        self.server = server
        self._clients = {}

    def play(self, rows: tuple[Row, ...], stranger: str | None = None) -> dict[int, Any]:
        """Make every call of the rows; what the successful ones answered, by position. ``stranger`` may do nothing, and
        is refused each call before anybody else makes it.
        """
        answers: dict[int, Any] = {}
        for position, row in enumerate(rows):
            if stranger is not None and row.caller == "root":
                self.refuse(row, "AccessDenied", row.input, stranger)
            for code, refusal in row.refusals.items():
                self._refuse(row, code, refusal)
            try:
                answers[position] = self.call(row, row.input, row.caller)
            except ClientError as error:
                self.problems.append(f"{row.operation} with {row.input}: {error}")
                continue
            for name, path in row.saves.items():
                value = answers[position]
                for member in path.split("."):
                    value = value[int(member)] if isinstance(value, list) else value[member]
                self.saved[name] = value
            for code, refusal in row.after.items():
                self._refuse(row, code, refusal)
        return answers

    def call(self, row: Row, given: Given, caller: str) -> Any:
        """The answer, without what every answer has."""
        client = self.client(row.service, caller)
        answer = getattr(client, xform_name(row.operation))(**self.resolve(given))
        del answer["ResponseMetadata"]
        return answer

    def _refuse(self, row: Row, code: str, refusal: Given | Refusal) -> None:
        given, caller = refusal if isinstance(refusal, Refusal) else (refusal, row.caller)
        self.refuse(row, code, given, caller)

    def refuse(self, row: Row, code: str, given: Given, caller: str) -> None:
        """Make a call that is refused with this code; note it if it is not."""
        try:
            answer = self.call(row, given, caller)
        except ClientError as error:
            found = error.response["Error"]
            if row.service == "service-quotas" and code == "AccessDenied":
                code = "AccessDeniedException"
            # AWS words every refusal but this one.
            if found["Code"] != code or (code != "ReportNotPresent" and not found.get("Message")):
                self.problems.append(f"{row.operation} by {caller}: {found['Code']} for {code}: {found['Message']}")
        else:
            self.problems.append(f"{row.operation} by {caller} answered for {code}: {answer}")

    def resolve(self, given: Any) -> Any:
        """An input with everything saved in its place."""
        if callable(given):
            given = given(self)
        if isinstance(given, str) and given.startswith("@"):
            return self.saved[given[1:]]
        if isinstance(given, Mapping):
            return {key: self.resolve(value) for key, value in given.items()}
        if isinstance(given, list):
            return [self.resolve(each) for each in given]
        return given

    def client(self, service: str = "iam", caller: str = "root") -> Any:
        """The caller's client, made once."""
        key = (service, caller)
        if key not in self._clients:
            self._clients[key] = self.server.client(service, *self.callers[caller])
        return self._clients[key]

    def enter(self, name: str, user: str) -> None:
        """Let a user of the account be a caller by an access key made now."""
        made = self.client().create_access_key(UserName=user)["AccessKey"]
        self.callers[name] = (made["AccessKeyId"], made["SecretAccessKey"])

    def codes(self, serial: str, seed: str, earlier: int = 0) -> dict[str, str]:
        """Two consecutive codes of a device, of some half minutes ago."""
        totp = TOTP(base64.b32decode(self.saved[seed]), 6, SHA1(), 30)  # noqa: S303
        now = int(time.time()) - 30 * earlier
        return {
            "SerialNumber": self.saved[serial],
            "AuthenticationCode1": totp.generate(now - 30).decode(),
            "AuthenticationCode2": totp.generate(now).decode(),
        }


SECRET = "a-secret-of-tests"
ROOT = (f"key_of_{ACCOUNT_ID}", SECRET)


def start(home: Path, *arguments: str, data_dir: Path | None = None) -> ServerProcess:
    """A server with the accounts that the story is about."""
    home.mkdir(exist_ok=True)
    accounts = home / "accounts.json"
    accounts.write_text(json.dumps(list(_accounts())))
    return ServerProcess(home, "--accounts-file", str(accounts), *arguments, env={}, data_dir=data_dir)


def _accounts() -> Iterator[dict[str, Any]]:
    trusting: dict[str, Any] = {"trusted_services": ["iam.amazonaws.com"]}
    told: dict[str, dict[str, Any]] = {
        ACCOUNT_ID: {"organization": trusting},
        DELEGATE_ID: {
            "management_account_id": ACCOUNT_ID,
            "delegated_administrator_of": ["iam.amazonaws.com"],
        },
        MEMBER_ID: {"management_account_id": ACCOUNT_ID},
        ALONE_ID: {},
        BILLING_ID: {"organization": {**trusting, "feature_set": "CONSOLIDATED_BILLING"}},
        UNTRUSTING_ID: {"organization": {}},
    }
    for account_id, more in told.items():
        key = {"root_access_key_id": f"key_of_{account_id}", "root_secret_access_key": SECRET}
        yield {"account_id": account_id, **key, **more}
