"""How long a signature holds: 15 minutes either way, and of a presigned request no longer than it says."""

from iamd.authentication.sigv4 import MAX_SKEW
from tests.authentication import GET_CALLER_IDENTITY, NOW, caller_of, presigned, refusal_of, signed

EXPIRED = ("RequestExpired", "Request has expired.")


def test_a_signature_holds_for_15_minutes() -> None:
    assert MAX_SKEW == 900
    for request in (signed(), presigned(Expires="604800")):
        assert caller_of(request, now=NOW + 900).name == "Bob"
        assert refusal_of(request, now=NOW + 901) == (
            "SignatureDoesNotMatch",
            "Signature expired: 20261123T205312Z is now earlier than 20261123T205313Z (20261123T210813Z - 15 min.)",
        )


def test_a_signature_is_not_from_more_than_15_minutes_ahead() -> None:
    for request in (signed(), presigned()):
        assert caller_of(request, now=NOW - 900).name == "Bob"
        assert refusal_of(request, now=NOW - 901) == (
            "SignatureDoesNotMatch",
            "Signature not yet current: 20261123T205312Z is still later than 20261123T205311Z "
            "(20261123T203811Z + 15 min.)",
        )


def test_the_day_of_the_scope_is_that_of_the_signature_not_of_the_server() -> None:
    before_midnight = signed(timestamp="20261123T235959Z")
    assert caller_of(before_midnight, now=NOW + 3 * 3600 + 7 * 60).name == "Bob"


def test_a_presigned_request_expires_when_it_says() -> None:
    assert caller_of(presigned(Expires="60"), now=NOW + 60).name == "Bob"
    assert refusal_of(presigned(Expires="60"), now=NOW + 61) == EXPIRED
    assert caller_of(presigned(Expires="1"), now=NOW).name == "Bob"
    assert refusal_of(presigned(Expires="1"), now=NOW + 2) == EXPIRED


def test_a_presigned_request_without_an_expiry_holds_for_15_minutes() -> None:
    assert caller_of(presigned(without=["Expires"]), now=NOW + 900).name == "Bob"
    assert refusal_of(presigned(without=["Expires"]), now=NOW + 901)[0] == "SignatureDoesNotMatch"


def test_a_presigned_get_caller_identity_holds_for_15_minutes_whatever_it_says() -> None:
    for expires in ("1", "60", "604800"):
        proof = presigned(GET_CALLER_IDENTITY, service="sts", Expires=expires)
        assert caller_of(proof, "sts", now=NOW + 900).name == "Bob"
        assert refusal_of(proof, "sts", now=NOW + 901)[0] == "SignatureDoesNotMatch"


def test_a_header_signed_request_has_no_expiry() -> None:
    assert caller_of(signed({"Action": "ListUsers", "Version": "2010-05-08", "X-Amz-Expires": "1"}), now=NOW + 60)
