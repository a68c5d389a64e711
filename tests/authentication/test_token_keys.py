"""The keys of an account's own tokens: when they sign, how long they are published, what is kept of them."""

import json

import pytest

from iamd.account.ids import find_account_of_uuid, new_account_uuid
from iamd.account.records import WebIdentityIssuer
from iamd.authentication.token_keys import (
    LIFE,
    OVERLAP,
    are_keys_due,
    generate_keys,
    key_in_use,
    key_set,
    published_keys,
    seal_keys,
    unseal_key,
    with_new_keys,
)
from iamd.call import SealBroken
from tests.iam.world import NOW, ProcessSealer

SEALER = ProcessSealer()
ISSUER = WebIdentityIssuer(id="an-issuer", keys=seal_keys(generate_keys(), SEALER, NOW))
RENEWED = with_new_keys(ISSUER, generate_keys(), SEALER, NOW + LIFE)
OLD, NEW = ([key.id for key in keys] for keys in (RENEWED.keys[:2], RENEWED.keys[2:]))


def in_use(issuer: WebIdentityIssuer, time: int) -> list[str]:
    return [key_in_use(issuer, algorithm, time).id for algorithm in ("ES384", "RS256")]


def published(issuer: WebIdentityIssuer, time: int) -> list[str]:
    return [key.id for key in published_keys(issuer, time)]


def test_the_first_keys_sign_at_once() -> None:
    assert in_use(ISSUER, NOW) == published(ISSUER, NOW) == OLD


def test_keys_are_due_after_ninety_days() -> None:
    assert not are_keys_due(ISSUER, NOW + LIFE - 1)
    assert are_keys_due(ISSUER, NOW + LIFE)
    assert not are_keys_due(RENEWED, NOW + LIFE)


@pytest.mark.parametrize(
    ("after_renewal", "signing", "shown"),
    [
        (0, OLD, OLD + NEW),
        (OVERLAP - 1, OLD, OLD + NEW),
        (OVERLAP, NEW, OLD + NEW),
        (2 * OVERLAP - 1, NEW, OLD + NEW),
        (2 * OVERLAP, NEW, NEW),
    ],
)
def test_new_keys_are_shown_before_they_sign_and_old_ones_afterwards(
    after_renewal: int, signing: list[str], shown: list[str]
) -> None:
    time = NOW + LIFE + after_renewal
    assert (in_use(RENEWED, time), published(RENEWED, time)) == (signing, shown)


def test_keys_that_are_not_shown_any_more_are_not_kept() -> None:
    again = with_new_keys(RENEWED, generate_keys(), SEALER, NOW + 2 * LIFE)
    assert [key.id for key in again.keys[:2]] == NEW
    assert len(again.keys) == 4


def test_nothing_private_is_published_or_kept_in_the_clear() -> None:
    keys = json.loads(key_set(ISSUER, NOW))["keys"]
    assert [set(key) for key in keys] == [
        {"kty", "crv", "x", "y", "kid", "alg", "use"},
        {"kty", "n", "e", "kid", "alg", "use"},
    ]
    for key, new in zip(ISSUER.keys, generate_keys(), strict=True):
        private = unseal_key(key, SEALER)
        assert repr(new) == f"NewKey({new.algorithm}, {new.id})"
        assert private not in repr(ISSUER).encode()
        with pytest.raises(SealBroken):
            SEALER.unseal(key.sealed, "another key's id")


def test_an_issuers_id_tells_its_account() -> None:
    for account_id in ("000000000001", "111122223333", "999999999999"):
        issuer_id = new_account_uuid(account_id, lambda alphabet, count: alphabet[-1] * count)
        assert find_account_of_uuid(issuer_id) == account_id
    assert (
        new_account_uuid("111122223333", lambda alphabet, count: alphabet[0] * count)
        == "19df6690-e500-8000-8000-000000000000"
    )
    for other in ("", "ffffffff-ffff-8fff-8fff-ffffffffffff", "19df6690-e500-4000-8000-000000000000", "../x"):
        assert find_account_of_uuid(other) is None
