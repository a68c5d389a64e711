"""How a signature has to be put, and what AWS answers if it is not."""

import base64
import hashlib

import pytest
from msgspec.structs import replace

from iamd.wire.http import HttpRequest
from tests.authentication import (
    BOB,
    GET_CALLER_IDENTITY,
    LIST_USERS,
    NOW,
    TIMESTAMP,
    caller_of,
    presigned,
    refusal_of,
    sent,
    signed,
)

CREDENTIAL = f"Credential={BOB.access_key}/20261123/us-east-1/iam/aws4_request"
HEADERS = "SignedHeaders=host;x-amz-date"
SIGNATURE = f"Signature={'0' * 64}"
BASIC_FORMAT = "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601"


def hashed(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("latin-1")).digest()).decode()


def authorized(authorization: str, *headers: tuple[str, str], date: str | None = TIMESTAMP) -> HttpRequest:
    dates = [("X-Amz-Date", date)] if date is not None else []
    return sent(headers=[("Host", "iam.amazonaws.com"), *dates, *headers, ("Authorization", authorization)])


# The Authorization header ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "missing"),
    [
        ([HEADERS, SIGNATURE], ["Credential"]),
        ([CREDENTIAL, HEADERS], ["Signature"]),
        ([CREDENTIAL, SIGNATURE], ["SignedHeaders"]),
        ([CREDENTIAL], ["Signature", "SignedHeaders"]),
        ([], ["Credential", "Signature", "SignedHeaders"]),
        (["credential=a/b/c/d/e", HEADERS, SIGNATURE], ["Credential"]),
    ],
)
def test_missing_parts_are_listed(parts: list[str], missing: list[str]) -> None:
    authorization = " ".join(["AWS4-HMAC-SHA256", ", ".join(parts)]).strip()
    listed = "".join(f"Authorization header requires '{name}' parameter. " for name in missing)
    assert refusal_of(authorized(authorization)) == (
        "IncompleteSignature",
        f"{listed}(Hashed with SHA-256 and encoded with Base64) Authorization={hashed(authorization)}",
    )


def test_a_missing_date_is_listed_with_the_rest() -> None:
    authorization = f"AWS4-HMAC-SHA256 {CREDENTIAL}, {HEADERS}"
    assert refusal_of(authorized(authorization, date=None)) == (
        "IncompleteSignature",
        "Authorization header requires 'Signature' parameter. "
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        f"(Hashed with SHA-256 and encoded with Base64) Authorization={hashed(authorization)}",
    )


@pytest.mark.parametrize(
    "authorization",
    [
        f"AWS4-HMAC-SHA256 Credential= {BOB.access_key}/20261123/us-east-1/iam/aws4_request, {HEADERS}, {SIGNATURE}",
        f"AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders, {SIGNATURE}",
        "AWS4-HMAC-SHA256 je7MtGbClwBF",
    ],
)
def test_a_part_without_an_equal_sign(authorization: str) -> None:
    assert refusal_of(authorized(authorization)) == (
        "IncompleteSignature",
        "Invalid key=value pair (missing equal-sign) in Authorization header "
        f"(hashed with SHA-256 and encoded with Base64): '{hashed(authorization)}'.",
    )


@pytest.mark.parametrize("repeated", [CREDENTIAL, HEADERS, SIGNATURE])
def test_a_part_stands_only_once(repeated: str) -> None:
    authorization = f"AWS4-HMAC-SHA256 {CREDENTIAL}, {HEADERS}, {SIGNATURE}, {repeated}"
    assert refusal_of(authorized(authorization)) == (
        "IncompleteSignature",
        f"Authorization header requires only one '{repeated.partition('=')[0]}' parameter. "
        f"(Hashed with SHA-256 and encoded with Base64) Authorization={hashed(authorization)}",
    )


def test_two_authorization_headers_are_refused() -> None:
    good = signed()
    authorization = dict(good.headers)[b"authorization"]
    for second in (authorization, b"Bearer abc", b"AWS4-HMAC-SHA256 a=b"):
        code, message = refusal_of(replace(good, headers=(*good.headers, (b"authorization", second))))
        assert code == "IncompleteSignature"
        assert message.startswith("Invalid key=value pair (missing equal-sign) in Authorization header")


def test_a_very_long_authorization_is_refused() -> None:
    authorization = f"AWS4-HMAC-SHA256 {CREDENTIAL}, {HEADERS}, {SIGNATURE}, Padding={'a' * 8192}"
    assert refusal_of(authorized(authorization)) == (
        "IncompleteSignature",
        "Authorization header must not have more than 8192 characters.",
    )


@pytest.mark.parametrize(
    "algorithm",
    ["AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA1", "AWS4-HMAC-SHA25", "AWS", "AWS3-HTTPS", "AWS4-hmac-sha256"],
)
def test_other_algorithms_are_named_and_refused(algorithm: str) -> None:
    expected = ("IncompleteSignature", f"Unsupported AWS 'algorithm': '{algorithm}' (only AWS4-HMAC-SHA256 for now). ")
    assert refusal_of(signed(algorithm=algorithm)) == expected
    assert refusal_of(presigned(Algorithm=algorithm)) == expected


def test_signature_version_2_is_refused() -> None:
    version_2 = (
        "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Action=ListUsers&Signature=i91nKc4PWAt0JJIdXwz9HxZCJDdiy6cf%2FMj6vPxyYIs%3D"
        "&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=2026-11-23T20%3A53%3A12Z&Version=2010-05-08"
    )
    expected = (
        "IncompleteSignature",
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
    )
    assert refusal_of(sent("GET", query=version_2, headers=[("host", "iam.amazonaws.com")])) == expected
    form = [("host", "iam.amazonaws.com"), ("content-type", "application/x-www-form-urlencoded")]
    assert refusal_of(sent(headers=form, body=version_2)) == expected


# Both kinds -----------------------------------------------------------------------------------------------------------


def test_header_and_query_string_cannot_both_sign() -> None:
    both = replace(signed(), query_string=b"X-Amz-Algorithm=AWS4-HMAC-SHA256")
    expected = (
        "SignatureDoesNotMatch",
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )
    assert refusal_of(both) == expected
    good = presigned()
    assert refusal_of(replace(good, headers=(*good.headers, (b"authorization", b"Bearer abc")))) == expected


@pytest.mark.parametrize("names", ["", "x-amz-date", "Host;x-amz-date", "hosts"])
def test_host_must_be_signed(names: str) -> None:
    expected = (
        "SignatureDoesNotMatch",
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    )
    assert refusal_of(authorized(f"AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders={names}, {SIGNATURE}")) == expected
    assert refusal_of(presigned(SignedHeaders=names)) == expected


@pytest.mark.parametrize("name", ["accept", "", "X-Amz-Date", "host\n", "my-header"])
def test_a_signed_header_must_exist(name: str) -> None:
    expected = (
        "IncompleteSignature",
        f"'{name.replace(chr(10), '?')}' is named as a SignedHeader, but it does not exist in the HTTP request.",
    )
    assert refusal_of(presigned(SignedHeaders=f"host;{name}")) == expected


def test_a_session_token_header_must_be_signed() -> None:
    token = ("x-amz-security-token", "AQoEXAMPLEH4aoAH0gNCAPy")
    expected = (
        "SignatureDoesNotMatch",
        "'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization.",
    )
    assert refusal_of(signed(unsigned=[token])) == expected
    assert refusal_of(presigned(headers=[token])) == expected


def test_two_session_tokens_are_refused() -> None:
    request = presigned(
        headers=[("x-amz-security-token", "one")],
        **{"Security-Token": "another", "SignedHeaders": "host;x-amz-security-token"},
    )
    assert refusal_of(request) == (
        "SignatureDoesNotMatch",
        "Found 'X-Amz-Security-Token' both as a query-string param and as HTTP header.",
    )


def test_signed_headers_are_bounded() -> None:
    expected = ("IncompleteSignature", "Authorization must not name more than 100 as SignedHeaders.")
    assert refusal_of(presigned(SignedHeaders=";".join(["host"] * 101))) == expected


@pytest.mark.parametrize("credential", ["a/b/c/d", "a/b/c/d/e/f", "", "AKIAIOSFODNN7EXAMPLE", "a\0/ä"])
def test_a_credential_has_five_elements(credential: str) -> None:
    shown = "".join(letter if " " <= letter <= "~" else "?" for letter in credential.encode().decode("latin-1"))
    assert refusal_of(presigned(Credential=credential)) == (
        "IncompleteSignature",
        f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{shown}'",
    )


def test_a_long_credential_is_not_echoed_whole() -> None:
    _, message = refusal_of(presigned(Credential="x" * 5000))
    assert message.endswith(f", got '{'x' * 256}'")


DATES = [
    "2026-11-23T20:53:12Z",
    "20261123T205312",
    "20261123",
    "20261323T205312Z",
    "20261123T256312Z",
    "00000000T000000Z",
    "20261123t205312z",
    "²0261123T20531Z",
    "1795467192",
    "",
    "Mon, 23 Nov 2026 20:53:12 GMT",
]


@pytest.mark.parametrize("date", DATES)
def test_x_amz_date_is_in_basic_format(date: str) -> None:
    authorization = f"AWS4-HMAC-SHA256 {CREDENTIAL}, {HEADERS}, {SIGNATURE}"
    shown = date.replace("²", "?")
    assert refusal_of(authorized(authorization, date=date)) == ("IncompleteSignature", BASIC_FORMAT.format(shown))


def test_x_amz_date_stands_only_once() -> None:
    authorization = f"AWS4-HMAC-SHA256 {CREDENTIAL}, {HEADERS}, {SIGNATURE}"
    twice = authorized(authorization, ("X-Amz-Date", TIMESTAMP))
    assert refusal_of(twice) == ("IncompleteSignature", BASIC_FORMAT.format(f"{TIMESTAMP},{TIMESTAMP}"))


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        ("Mon, 23 Foo 2026 20:53:12 GMT", "Mon, 23 Foo 2026 20:53:12 GMT"),
        ("Monday, 23-Nov-26 20:53:12 GMT", "Monday, 23-Nov-26 20:53:12 GMT"),
        ("Mon, 23 Nov 2026 20:53:12 +0100", "Mon, 23 Nov 2026 20:53:12 +0100"),
        ("Mon, 31 Feb 2026 20:53:12 GMT", "20260231T205312Z"),
        ("", ""),
    ],
)
def test_a_date_header_is_in_the_format_of_http(date: str, shown: str) -> None:
    request = authorized(f"AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host, {SIGNATURE}", ("Date", date), date=None)
    assert refusal_of(request) == ("IncompleteSignature", BASIC_FORMAT.format(shown))


# Presigned ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "missing",
    [["Credential"], ["Signature"], ["SignedHeaders"], ["Date"], ["Credential", "Signature", "SignedHeaders", "Date"]],
)
def test_missing_query_string_parameters_are_listed(missing: list[str]) -> None:
    listed = "".join(f"AWS query-string parameters must include 'X-Amz-{name}'. " for name in missing)
    assert refusal_of(presigned(without=missing)) == (
        "IncompleteSignature",
        f"{listed}Re-examine the query-string parameters.",
    )


def test_without_an_algorithm_nothing_is_presigned() -> None:
    assert refusal_of(presigned(without=["Algorithm"])) == (
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
    )


@pytest.mark.parametrize("name", ["X-Amz-Signature", "X-Amz-Credential", "X-Amz-Algorithm", "Action"])
def test_a_query_string_parameter_stands_only_once(name: str) -> None:
    good = presigned()
    assert refusal_of(replace(good, query_string=good.query_string + f"&{name}=x".encode())) == (
        "IncompleteSignature",
        f"AWS query-string parameters must include '{name}' only once. Re-examine the query-string parameters.",
    )


@pytest.mark.parametrize("expires", ["0", "604801", "-1", "1.5", "60s", "", "²", "9" * 5000])
def test_an_expiry_is_a_number_of_seconds_up_to_a_week(expires: str) -> None:
    shown = expires[:256].replace("²", "??")
    assert refusal_of(presigned(Expires=expires)) == (
        "IncompleteSignature",
        f"X-Amz-Expires must be a number of seconds from 1 to 604800. Got '{shown}'.",
    )


# The scope ------------------------------------------------------------------------------------------------------------


def scoped(date: str = "20261123", region: str = "us-east-1", service: str = "iam", end: str = "aws4_request") -> str:
    return f"{BOB.access_key}/{date}/{region}/{service}/{end}"


SERVICE = "Credential should be scoped to correct service: 'iam'. "
REGION = "Credential should be scoped to a valid region. "
TERMINATOR = "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "
DAY = (
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
    "'20261122' != '20261123', from '20261123T205312Z'."
)


@pytest.mark.parametrize(
    ("credential", "message"),
    [
        (scoped(service="sts"), SERVICE),
        (scoped(service="IAM"), SERVICE),
        (scoped(service=""), SERVICE),
        (scoped(region=""), REGION),
        (scoped(region="-"), REGION),
        (scoped(region="us east 1"), REGION),
        (scoped(region="us-east-1é"), REGION),
        (scoped(region="a" * 65), REGION),
        (scoped(end="aws5_request"), TERMINATOR),
        (scoped(date="20261122"), DAY),
        (scoped("20261122", "?", "s3", "aws5_request"), REGION + SERVICE + TERMINATOR + DAY),
    ],
)
def test_the_scope_is_of_that_day_to_that_service(credential: str, message: str) -> None:
    assert refusal_of(presigned(Credential=credential)) == ("SignatureDoesNotMatch", message)


def test_a_signature_for_one_service_is_none_for_the_other() -> None:
    assert refusal_of(signed(LIST_USERS), "sts") == (
        "SignatureDoesNotMatch",
        "Credential should be scoped to correct service: 'sts'. ",
    )
    sts = signed(GET_CALLER_IDENTITY, service="sts")
    assert refusal_of(sts, "iam") == ("SignatureDoesNotMatch", SERVICE)
    assert caller_of(sts, "sts").name == "Bob"


# The order ------------------------------------------------------------------------------------------------------------


def test_checks_come_in_order_form_scope_key_time_signature() -> None:
    late = NOW + 3600
    nobody = {"Credential": "AKIAI44QH8DHBEXAMPLE/20261123/us-east-1/s3/aws4_request"}
    wrong_secret = type(BOB)(BOB.access_key, "wrong")
    assert refusal_of(presigned(Expires="0", **nobody), now=late)[0] == "IncompleteSignature"
    assert refusal_of(presigned(**nobody), now=late) == ("SignatureDoesNotMatch", SERVICE)
    unknown = type(BOB)("AKIAI44QH8DHBEXAMPLE", "wrong")
    assert refusal_of(presigned(credentials=unknown), now=late)[0] == "InvalidClientTokenId"
    assert refusal_of(presigned(credentials=wrong_secret), now=late)[1].startswith("Signature expired: ")
    assert refusal_of(presigned(credentials=wrong_secret), now=NOW + 61)[0] == "RequestExpired"
    assert refusal_of(presigned(credentials=wrong_secret))[1].startswith("The request signature we calculated")
