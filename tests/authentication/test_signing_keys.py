"""Derived signing keys are kept for the next request, within bounds."""

from iamd.authentication.sigv4 import SigningKeyName, SigningKeys, derive_signing_key


def name(access_key_id: str, sealed_secret: str = "sealed") -> SigningKeyName:
    return SigningKeyName(access_key_id, sealed_secret, "20261123", "us-east-1", "iam")


def test_a_key_is_derived_as_aws_documents() -> None:
    """https://docs.aws.amazon.com/general/latest/gr/sigv4-calculate-signature.html"""
    key = derive_signing_key(b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


def test_the_least_recently_used_key_goes_first() -> None:
    keys = SigningKeys(size=2)
    keys.add(name("AKIA1"), b"1")
    keys.add(name("AKIA2"), b"2")
    assert keys.find(name("AKIA1")) == b"1"
    keys.add(name("AKIA3"), b"3")
    assert [keys.find(name(f"AKIA{number}")) for number in (1, 2, 3)] == [b"1", None, b"3"]
    assert len(keys) == 2


def test_each_part_of_the_name_counts() -> None:
    keys = SigningKeys(size=10)
    keys.add(name("AKIA1"), b"1")
    assert keys.find(name("AKIA1", "sealed anew")) is None
    for field, value in (("date", "20261124"), ("region", "eu-west-1"), ("service", "sts"), ("access_key_id", "AKIA2")):
        assert keys.find(name("AKIA1")._replace(**{field: value})) is None
