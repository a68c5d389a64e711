"""Unique ids have AWS's form, and an access key id carries its account so that nothing has to be looked up."""

import base64
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamd.account.ids import (
    ACCESS_KEY,
    BASE32,
    GROUP,
    INSTANCE_PROFILE,
    POLICY,
    ROLE,
    SECRET_ALPHABET,
    TEMPORARY_ACCESS_KEY,
    USER,
    Choose,
    find_account_id,
    new_access_key_id,
    new_unique_id,
)
from iamd.call import Letters

ACCOUNT_IDS = st.integers(0, 10**12 - 1).map(lambda number: f"{number:012}")
PREFIXES = st.sampled_from([ACCESS_KEY, TEMPORARY_ACCESS_KEY])
SEEDS = st.integers(0, 2**32)


def seeded(generator: random.Random) -> Choose:
    return lambda alphabet, count: "".join(generator.choices(alphabet, k=count))


def key_id(prefix: str, account_id: str, seed: int) -> str:
    return new_access_key_id(prefix, account_id, seeded(random.Random(seed)))


@pytest.mark.parametrize("prefix", [USER, GROUP, ROLE, POLICY, INSTANCE_PROFILE])
def test_a_unique_id_is_21_characters_of_base32(prefix: str) -> None:
    assert re.fullmatch(prefix + "[A-Z2-7]{17}", new_unique_id(prefix, Letters()))


def test_the_alphabets_are_those_of_base32_and_base64() -> None:
    assert BASE32 == "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    assert sorted(SECRET_ALPHABET) == sorted(set(SECRET_ALPHABET))
    assert len(SECRET_ALPHABET) == 64


@given(PREFIXES, ACCOUNT_IDS, SEEDS)
def test_an_access_key_id_is_20_characters_that_carry_the_account(prefix: str, account_id: str, seed: int) -> None:
    made = key_id(prefix, account_id, seed)
    assert re.fullmatch(prefix + "[A-Z2-7]{16}", made)
    assert find_account_id(made) == account_id


@given(PREFIXES, ACCOUNT_IDS, SEEDS)
def test_the_account_stands_where_tools_decode_it_from_awss_own_ids(prefix: str, account_id: str, seed: int) -> None:
    """https://awsteele.com/blog/2020/09/26/aws-access-key-format.html: 40 bits after the first of 80."""
    number = int.from_bytes(base64.b32decode(key_id(prefix, account_id, seed)[4:]))
    assert number >> 79 == 1
    assert f"{number >> 39 & (1 << 40) - 1:012}" == account_id


@pytest.mark.parametrize("account_id", ["000000000000", "111122223333", "999999999999"])
def test_most_mistyped_ids_are_noticed(account_id: str) -> None:
    """Five bits of check let one wrong id in 32 pass; it then is the id of a key that does not exist."""
    made = key_id(ACCESS_KEY, account_id, seed=1)
    mistyped = {made[:place] + letter + made[place + 1 :] for place in range(4, 20) for letter in BASE32} - {made}
    passed = [text for text in mistyped if find_account_id(text) is not None]
    assert len(mistyped) == 16 * 31
    assert len(passed) < len(mistyped) / 20


@given(PREFIXES, ACCOUNT_IDS, SEEDS)
def test_the_prefix_is_checked_with_the_rest(prefix: str, account_id: str, seed: int) -> None:
    made = key_id(prefix, account_id, seed)
    other = TEMPORARY_ACCESS_KEY if prefix == ACCESS_KEY else ACCESS_KEY
    assert find_account_id(other + made[4:]) is None
    assert find_account_id(USER + made[4:]) is None


@given(st.text() | st.text(BASE32, min_size=16, max_size=16).map(lambda body: ACCESS_KEY + body))
def test_any_text_is_either_refused_or_carries_a_possible_account(text: str) -> None:
    found = find_account_id(text)
    assert found is None or re.fullmatch("[0-9]{12}", found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AKIA",
        "AKIAIOSFODNN7EXAMPLE",
        "AKIAQYLPMN5HAAAAAAAAA",
        "akiaqylpmn5haaaaaaaa",
        "AKIAÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ",
        "AKIA" + "7" * 16,
        "AKIA" + "A" * 16,
    ],
)
def test_other_ids_carry_no_account(text: str) -> None:
    assert find_account_id(text) is None


def test_ids_of_one_account_differ() -> None:
    made = {new_access_key_id(ACCESS_KEY, "111122223333", Letters()) for _ in range(1000)}
    assert len(made) == 1000


def test_letters_are_drawn_from_the_whole_alphabet_however_many_are_asked_for() -> None:
    letters = Letters()
    for alphabet in (BASE32, SECRET_ALPHABET, "0123456789abcdef", "89ab", "0123456789"):
        drawn = [letters(alphabet, count) for count in (0, 1, 17, 40, 63, 64, 65, 5000)]
        assert [len(text) for text in drawn] == [0, 1, 17, 40, 63, 64, 65, 5000]
        assert set(drawn[-1]) == set(alphabet)
        assert all(5000 / len(alphabet) / 3 < drawn[-1].count(letter) for letter in alphabet)


def test_no_letters_are_drawn_twice() -> None:
    letters = Letters()
    drawn = [letters(SECRET_ALPHABET, 20) for _ in range(1000)]
    assert len(set(drawn)) == 1000
