"""The credential report: a table of what root and every user have to sign in and to sign with.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

import csv
import io
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from iamd.account.changes import Put
from iamd.account.operation import Answer, Input
from iamd.account.records import AccessKey, CredentialReport, SigningCertificate, User
from iamd.account.state import Account
from iamd.authentication.password import find_expiry
from iamd.call import Call
from iamd.errors import ReportExpired, ReportNotPresent

C = TypeVar("C", AccessKey, SigningCertificate)

KEPT = 4 * 3600  # seconds for which a report is the newest that there can be
COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)
_NONE, _UNKNOWN, _NOT_SUPPORTED = "N/A", "no_information", "not_supported"


def generate_credential_report(account: Account, input: Input, call: Call) -> Answer:
    """The report is made at once, out of the records of this moment, though AWS takes a while and so says STARTED.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html
    """
    newest = account.credential_report
    if newest is not None and call.time - newest.generated < KEPT:
        return {"State": "COMPLETE"}, []
    content = zlib.compress(make_report(account).encode())
    started = {"State": "STARTED", "Description": "No report exists. Starting a new report generation task"}
    return started, [Put(CredentialReport(generated=call.time, content=content))]


def get_credential_report(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html"""
    newest = account.credential_report
    if newest is None:
        raise ReportNotPresent
    if call.time - newest.generated >= KEPT:
        raise ReportExpired
    return {
        "Content": zlib.decompress(newest.content),
        "ReportFormat": "text/csv",
        "GeneratedTime": newest.generated,
    }, []


def make_report(account: Account) -> str:
    """The report as CSV: root first, then the users by name."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerow(_root_row(account))
    writer.writerows(_user_row(account, user) for user in account.users)
    return text.getvalue().removesuffix("\n")


def _root_row(account: Account) -> list[str]:
    settings = account.settings
    last_used = account.find_last_used(account.account_id)
    return [
        "<root_account>",
        settings.root_arn,
        _date(settings.created),
        _NOT_SUPPORTED,
        _date(last_used.time) if last_used else _UNKNOWN,
        _NOT_SUPPORTED,
        _NOT_SUPPORTED,
        *_credentials(account, account.account_id),
    ]


def _user_row(account: Account, user: User) -> list[str]:
    return [user.name, user.arn, _date(user.created), *_password(account, user), *_credentials(account, user.id)]


def _password(account: Account, user: User) -> list[str]:
    profile = account.login_profiles.find(user.id)
    if profile is None:
        return ["false", _NONE, _NONE, _NONE]
    last_used = account.find_last_used(user.id)
    expires = find_expiry(profile, account.settings.password_policy)
    return [
        "true",
        _date(last_used.time) if last_used else _UNKNOWN,
        _date(profile.changed),
        _NONE if expires is None else _date(expires),
    ]


def _credentials(account: Account, owner_id: str) -> Iterator[str]:
    """The columns from ``mfa_active`` on. Of two keys or certificates the active one comes first, then the older."""
    yield _truth(bool(account.mfa_devices_of(owner_id)))
    for key in _two(account.access_keys_of(owner_id)):
        yield from _rotation(key)
        last_used = None if key is None else account.find_last_used(key.id)
        if last_used is None:
            yield from (_NONE, _NONE, _NONE)
        else:
            yield from (_date(last_used.time), last_used.region, last_used.service)
    for certificate in _two(account.signing_certificates_of(owner_id)):
        yield from _rotation(certificate)


def _two(credentials: Sequence[C]) -> list[C | None]:
    """Those credentials that the report has columns for; None where there are fewer."""
    ordered = sorted(credentials, key=lambda credential: not credential.active)
    return [ordered[place] if place < len(ordered) else None for place in range(2)]


def _rotation(credential: AccessKey | SigningCertificate | None) -> tuple[str, str]:
    return ("false", _NONE) if credential is None else (_truth(credential.active), _date(credential.created))


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
