"""Signatures of real clients are accepted: botocore's own signers, and what other signers put on the wire."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamd.wire.http import HttpRequest
from tests.authentication import (
    BOB,
    GET_CALLER_IDENTITY,
    LIST_USERS,
    MISMATCH,
    NOW,
    USER,
    Credentials,
    PlainSealer,
    access_key,
    account,
    caller_of,
    presigned,
    presigned_by_botocore,
    refusal_of,
    sent,
    sha256,
    signature,
    signed,
    signed_by_botocore,
    time_of,
)

BOB_ARN = "arn:aws:iam::111122223333:user/division/Bob"
CREDENTIAL = f"{BOB.access_key}/20261123/us-east-1/iam/aws4_request"

# Whatever can stand in a URL or header: separators, escapes, white space, other alphabets.
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)
PARAMETERS = st.dictionaries(TEXT.filter(lambda name: name and not name.lower().startswith("x-amz-")), TEXT, max_size=5)
HEADERS = st.dictionaries(
    st.from_regex(r"x-[a-z]{1,8}", fullmatch=True),
    st.from_regex(r"[ -~]{1,30}", fullmatch=True).map(str.strip),
    max_size=4,
)
REGIONS = st.sampled_from(["us-east-1", "eu-west-1", "us-gov-west-1", "aws-global", "local", "eusc-de-east-1"])


def verified(request: HttpRequest) -> bool:
    return caller_of(request, now=time_of(request)).arn == BOB_ARN


# botocore -----------------------------------------------------------------------------------------------------------


@given(st.sampled_from(["GET", "POST"]), PARAMETERS, HEADERS, REGIONS)
def test_botocore_headers(method: str, parameters: dict[str, str], headers: dict[str, str], region: str) -> None:
    assert verified(signed_by_botocore(method, LIST_USERS | parameters, headers, region=region))


@given(PARAMETERS, HEADERS, st.integers(1, 604_800), REGIONS)
def test_botocore_presigned(parameters: dict[str, str], headers: dict[str, str], expires: int, region: str) -> None:
    assert verified(presigned_by_botocore(LIST_USERS | parameters, headers, expires, region))


@given(st.text("/.ab%~ +:é", max_size=12).map(lambda path: "/" + quote(path, safe="/%~+:").replace("%", "%25")))
def test_botocore_paths(path: str) -> None:
    assert verified(signed_by_botocore("POST", LIST_USERS, {}, path))


# Others: the header sets, separators, query strings and paths that they sign ------------------------------------------


def by_hand(
    canonical: str, *headers: tuple[str, str], path: str = "/", query: str = "", body: str = "", separator: str = ", "
) -> HttpRequest:
    """A request whose canonical form, from the method to the signed headers' names, is spelled out."""
    names = canonical.rpartition("\n")[2]
    value = signature(f"{canonical}\n{sha256(body)}")
    authorization = separator.join(
        (f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}", f"SignedHeaders={names}", f"Signature={value}")
    )
    method = canonical.partition("\n")[0]
    return sent(method, path, query, [*headers, ("Authorization", authorization)], body)


HOST, DATE = ("Host", "localhost:8080"), ("X-Amz-Date", "20261123T205312Z")
SHORT = "host:localhost:8080\nx-amz-date:20261123T205312Z\n\nhost;x-amz-date"  # host and x-amz-date signed
QUERY = "Action=ListUsers&Version=2010-05-08"


def test_curl() -> None:
    request = by_hand(f"POST\n/\n\n{SHORT}", HOST, DATE, ("User-Agent", "curl/7.88.1"), ("Accept", "*/*"), body=QUERY)
    assert caller_of(request).arn == BOB_ARN


def test_boto_2_leaves_out_the_spaces_and_content_type() -> None:
    form = ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
    request = by_hand(f"POST\n/\n\n{SHORT}", DATE, form, HOST, body=QUERY, separator=",")
    assert caller_of(request).arn == BOB_ARN


def test_awscurl_sends_a_payload_hash_that_it_does_not_sign() -> None:
    stated = ("x-amz-content-sha256", sha256(""))
    request = by_hand(f"GET\n/\n{QUERY}\n{SHORT}", HOST, DATE, stated, query=QUERY)
    assert caller_of(request).arn == BOB_ARN


def test_requests_aws4auth_signs_a_payload_hash() -> None:
    lines = f"host:localhost:8080\nx-amz-content-sha256:{sha256('')}\nx-amz-date:20261123T205312Z\n"
    canonical = f"GET\n/\n{QUERY}\n{lines}\nhost;x-amz-content-sha256;x-amz-date"
    request = by_hand(canonical, HOST, DATE, ("x-amz-content-sha256", sha256("")), query=QUERY)
    assert caller_of(request).arn == BOB_ARN


def test_npm_aws4_signs_content_length() -> None:
    form = "application/x-www-form-urlencoded; charset=utf-8"
    lines = f"content-length:35\ncontent-type:{form}\nhost:localhost:8080\nx-amz-date:20261123T205312Z\n"
    canonical = f"POST\n/\n\n{lines}\ncontent-length;content-type;host;x-amz-date"
    request = by_hand(canonical, HOST, ("Content-Type", form), ("Content-Length", "35"), DATE, body=QUERY)
    assert caller_of(request).arn == BOB_ARN


def test_npm_aws4_presigns_without_an_expiry() -> None:
    assert caller_of(presigned(without=["Expires"])).arn == BOB_ARN


def test_vault_sends_two_slashes_for_the_one_that_its_client_signed() -> None:
    form = "application/x-www-form-urlencoded; charset=utf-8"
    lines = (
        f"content-length:35\ncontent-type:{form}\nhost:sts.amazonaws.com\nx-amz-date:20261123T205312Z\n"
        "x-vault-aws-iam-server-id:vault.example.com\n"
    )
    canonical = f"POST\n/\n\n{lines}\ncontent-length;content-type;host;x-amz-date;x-vault-aws-iam-server-id"
    headers = [
        ("Host", "sts.amazonaws.com"),
        ("Content-Length", "35"),
        ("Content-Type", form),
        DATE,
        ("X-Vault-AWS-IAM-Server-ID", "vault.example.com"),
    ]
    assert caller_of(by_hand(canonical, *headers, path="//", body=QUERY)).arn == BOB_ARN


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("", "/"),
        ("//", "/"),
        ("//", "//"),
        ("/./a/../", "/"),
        ("/a//b/", "/a/b/"),
        ("/a//b/", "/a//b/"),
        ("/c%20d", "/c%2520d"),
        ("/c%20d", "/c%20d"),
        ("/a//c%20d", "/a//c%2520d"),
        ("/a//c%20d", "/a//c%20d"),
        ("/../..", "/"),
    ],
)
def test_a_path_is_signed_as_it_stands_or_normalized_and_encoded_once_or_twice(path: str, canonical: str) -> None:
    request = by_hand(f"POST\n{canonical}\n\n{SHORT}", HOST, DATE, path=path, body=QUERY)
    assert caller_of(request).arn == BOB_ARN


@pytest.mark.parametrize("canonical", ["/a", "/b/", "/a/b", "", "/A/b/", "/a%2Fb/"])
def test_a_path_is_signed_in_no_other_form(canonical: str) -> None:
    request = by_hand(f"POST\n{canonical}\n\n{SHORT}", HOST, DATE, path="/a//b/", body=QUERY)
    assert refusal_of(request) == ("SignatureDoesNotMatch", MISMATCH)


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("Version=2010-05-08&Action=GetUser&UserName=a%40b", "Action=GetUser&UserName=a%40b&Version=2010-05-08"),
        ("Action=GetUser&UserName=a+b%2bc", "Action=GetUser&UserName=a%20b%2Bc"),
        ("Action=GetUser&UserName=%7e~%e2%82%ac", "Action=GetUser&UserName=~~%E2%82%AC"),
        ("&Action=ListUsers&&Marker", "Action=ListUsers&Marker="),
        ("Action=ListUsers&a=b=c/d", "Action=ListUsers&a=b%3Dc%2Fd"),
        ("a-b=1&a=2&aB=3", "a=2&a-b=1&aB=3"),
    ],
)
def test_a_query_string_is_signed_sorted_and_encoded_anew(query: str, canonical: str) -> None:
    assert caller_of(by_hand(f"GET\n/\n{canonical}\n{SHORT}", HOST, DATE, query=query)).arn == BOB_ARN


def test_white_space_in_headers_does_not_count_and_repeated_headers_are_joined() -> None:
    lines = 'host:localhost:8080\nmy-header1:value4,value1,value3\nmy-header2:"a b c"\nx-amz-date:20261123T205312Z\n'
    canonical = f"GET\n/\n{QUERY}\n{lines}\nhost;my-header1;my-header2;x-amz-date"
    headers = [("My-Header1", "value4 "), HOST, ("My-Header1", " value1"), ("My-Header2", '  "a   b \t c" ')]
    assert caller_of(by_hand(canonical, *headers, ("My-Header1", "value3"), DATE, query=QUERY)).arn == BOB_ARN


@pytest.mark.parametrize("date", ["Mon, 23 Nov 2026 20:53:12 GMT", "20261123T205312Z"])
def test_a_date_header_serves_where_there_is_no_x_amz_date(date: str) -> None:
    lines = f"date:{date}\nhost:localhost:8080\n"
    request = by_hand(f"GET\n/\n{QUERY}\n{lines}\ndate;host", HOST, ("Date", date), query=QUERY)
    assert caller_of(request).arn == BOB_ARN


def test_x_amz_date_goes_before_date() -> None:
    request = by_hand(f"GET\n/\n{QUERY}\n{SHORT}", HOST, DATE, ("Date", "Sun, 22 Nov 2026 20:53:12 GMT"), query=QUERY)
    assert caller_of(request).arn == BOB_ARN


@pytest.mark.parametrize(
    "authorization",
    [
        "{algorithm} Credential={credential},SignedHeaders={names},Signature={signature}",
        "{algorithm} Signature={signature},  SignedHeaders={names} ,\tCredential={credential}",
        "{algorithm}  Credential={credential} SignedHeaders={names} Signature={signature}",
        "{algorithm} Credential={credential}, SignedHeaders={names}, Signature={signature},",
        "{algorithm} Credential={credential}, SignedHeaders={names}, Signature={signature}, Version=1",
    ],
)
def test_the_parts_of_an_authorization_stand_in_any_order_apart_by_commas_or_spaces(authorization: str) -> None:
    assert caller_of(signed(authorization=authorization)).arn == BOB_ARN


def test_an_eks_token_is_redeemed_with_the_header_that_it_signs() -> None:
    encoded = (
        "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261123%2Feu-west-1%2Fsts%2Faws4_request"
        "&X-Amz-Date=20261123T205312Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id"
    )
    lines = "host:sts.eu-west-1.amazonaws.com\nx-k8s-aws-id:my-cluster\n"
    value = signature(
        f"GET\n/\n{encoded}\n{lines}\nhost;x-k8s-aws-id\n{sha256('')}",
        scope="20261123/eu-west-1/sts/aws4_request",
    )
    headers = [("Host", "sts.eu-west-1.amazonaws.com"), ("X-K8s-Aws-Id", "my-cluster"), ("Accept", "application/json")]
    request = sent("GET", query=f"{encoded}&X-Amz-Signature={value}", headers=headers)
    assert caller_of(request, "sts", now=NOW + 14 * 60).arn == BOB_ARN
    other = sent("GET", query=f"{encoded}&X-Amz-Signature={value}", headers=[headers[0], ("X-K8s-Aws-Id", "another")])
    assert refusal_of(other, "sts") == ("SignatureDoesNotMatch", MISMATCH)


EXAMPLES = [
    (  # https://docs.aws.amazon.com/general/latest/gr/sigv4-calculate-signature.html
        ("GET", "/", "Action=ListUsers&Version=2010-05-08", ""),
        ("20150830T123600Z", 1440938160),
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    ),
    (  # https://docs.aws.amazon.com/general/latest/gr/sigv4-signed-request-examples.html
        ("POST", "/", "", "Action=ListUsers&Version=2010-05-08"),
        ("20110909T233600Z", 1315611360),
        "ced6826de92d2bdeed8f846f0bf508e8559e98e4b0199114b84c54174deb456c",
    ),
]


@pytest.mark.parametrize(("line", "time", "value"), EXAMPLES, ids=["GET", "POST"])
def test_the_examples_of_aws_documentation(line: tuple[str, str, str, str], time: tuple[str, int], value: str) -> None:
    example = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    method, path, query, body = line
    headers = [
        ("Host", "iam.amazonaws.com"),
        ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("X-Amz-Date", time[0]),
        (
            "Authorization",
            f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{time[0][:8]}/us-east-1/iam/aws4_request, "
            f"SignedHeaders=content-type;host;x-amz-date, Signature={value}",
        ),
    ]
    keyed = account(USER, access_key(example, USER.id))
    request = sent(method, path, query, headers, body)
    assert caller_of(request, now=time[1], account=keyed, sealer=PlainSealer()).arn == BOB_ARN


def test_either_service_is_signed_for_in_any_region() -> None:
    assert caller_of(signed(GET_CALLER_IDENTITY, service="sts", region="ap-southeast-7"), "sts").arn == BOB_ARN
    assert caller_of(signed(region="cn-north-1")).arn == BOB_ARN
