"""Where the keys of issuers come from: an operator's directory of JSON Web Key Sets."""

import asyncio
import json
import logging
from pathlib import Path

import pytest

from iamd.authentication.issuer_keys import (
    MAX_KEYS,
    InvalidKeySet,
    IssuerKey,
    IssuerKeysDirectory,
    NoIssuerKeys,
    parse_key_set,
)
from tests.authentication.issuers import Issuer

ISSUER = Issuer()


def find(keys: IssuerKeysDirectory | NoIssuerKeys, issuer: str) -> tuple[IssuerKey, ...] | None:
    return asyncio.run(keys.find(issuer))


def test_a_directory_holds_the_keys_of_each_issuer(tmp_path: Path) -> None:
    other = Issuer("https://other.example.com/tenant", "ES256", 1)
    (tmp_path / "one.json").write_text(ISSUER.key_set())
    (tmp_path / "two.json").write_text(other.key_set())
    (tmp_path / "notes.txt").write_text("not read")
    keys = IssuerKeysDirectory(tmp_path)
    assert find(keys, ISSUER.url) == ISSUER.keys()
    assert find(keys, other.url) == other.keys()
    for unknown in ("https://idp.example.com/", "idp.example.com", "", "../one", str(tmp_path / "one.json")):
        assert find(keys, unknown) is None


def test_no_directory_knows_nobody() -> None:
    assert find(NoIssuerKeys(), ISSUER.url) is None


def test_a_change_is_seen_with_the_next_token(tmp_path: Path) -> None:
    keys = IssuerKeysDirectory(tmp_path)
    assert find(keys, ISSUER.url) is None
    path = tmp_path / "idp.json"
    path.write_text(ISSUER.key_set())
    assert find(keys, ISSUER.url) == ISSUER.keys()
    path.write_text(ISSUER.key_set(Issuer(number=1)))
    assert find(keys, ISSUER.url) == ISSUER.keys(Issuer(number=1))
    path.unlink()
    assert find(keys, ISSUER.url) is None


def test_what_was_read_stays_while_a_file_is_broken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "idp.json"
    path.write_text(ISSUER.key_set())
    keys = IssuerKeysDirectory(tmp_path)
    path.write_text(ISSUER.key_set()[:-1])
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert find(keys, ISSUER.url) == ISSUER.keys()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"The issuer keys in {tmp_path} cannot be read: idp.json: it is no JSON")
    path.write_text(ISSUER.key_set())
    assert find(keys, ISSUER.url) == ISSUER.keys()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "it is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", 'it has no list "keys"'),
        ('{"keys": {}}', 'it has no list "keys"'),
        ('{"keys": []}', 'it does not say whose keys they are; add "issuer": "https://…"'),
        ('{"issuer": 7, "keys": []}', 'it does not say whose keys they are; add "issuer": "https://…"'),
        ('{"issuer": "a", "issuer": "b", "keys": []}', "it is no JSON: a member twice"),
        (" " * 131_073, "it is longer than 131072 bytes"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "idp.json").write_text(text)
    with pytest.raises(InvalidKeySet) as refused:
        IssuerKeysDirectory(tmp_path)
    assert str(refused.value) == f"idp.json: {problem}"


def test_an_issuer_stands_in_one_file(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(ISSUER.key_set())
    with pytest.raises(
        InvalidKeySet, match=r"^b\.json: the keys of https://idp\.example\.com stand in another file too$"
    ):
        IssuerKeysDirectory(tmp_path)


def test_private_members_are_not_kept() -> None:
    jwk = ISSUER.jwk(d="secret", p="secret")
    (key,) = parse_key_set(json.dumps({"keys": [jwk]}))[1]
    assert set(key.jwk) == {"kty", "n", "e"}


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "key",
        {},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "RSA", "n": 5, "e": "AQAB"},
        {"kty": "RSA", "e": "AQAB"},
        {"kty": "RSA", "n": "A" * 1400, "e": "AQAB"},
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kty": ["RSA"], "n": "A" * 400, "e": "AQAB"},
        {"kty": "RSA", "n": "A" * 400, "e": "AQAB", "kid": ["a"]},
        {"kty": "RSA", "n": "A" * 400, "e": "AQAB", "key_ops": "verify"},
        {"kty": "RSA", "n": "A" * 400, "e": "AQAB", "alg": "HS256"},
    ],
)
def test_what_verifies_no_signature_is_left_out(jwk: object) -> None:
    assert parse_key_set(json.dumps({"keys": [jwk, ISSUER.jwk()]})) == (None, ISSUER.keys())


def test_there_are_at_most_a_hundred_keys_of_a_type() -> None:
    jwks = [ISSUER.jwk(kid=str(number)) for number in range(MAX_KEYS)]
    others = [Issuer(algorithm="ES256").jwk(kid=str(number)) for number in range(MAX_KEYS)]
    assert len(parse_key_set(json.dumps({"keys": jwks + others}))[1]) == 2 * MAX_KEYS
    with pytest.raises(InvalidKeySet, match=r"^it has more than 100 keys of a type$"):
        parse_key_set(json.dumps({"keys": [*jwks, ISSUER.jwk()]}))
