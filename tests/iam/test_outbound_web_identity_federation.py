"""Outbound federation: enabled, disabled, and the issuer that an account keeps."""

import re

from iamd.iam.outbound_web_identity_federation import (
    disable_outbound_web_identity_federation,
    enable_outbound_web_identity_federation,
    get_outbound_web_identity_federation_info,
)
from tests.iam.world import ACCOUNT_ID, World

OFF = "FeatureDisabled: Outbound web identity federation is not enabled for this account."


def test_an_account_that_never_was_an_issuer(world: World) -> None:
    assert world.refusal(get_outbound_web_identity_federation_info) == OFF
    assert world.refusal(disable_outbound_web_identity_federation) == OFF


def test_an_account_becomes_an_issuer(world: World) -> None:
    world.directory.public_url = "https://iamd.example.com"
    issuer = world.run(enable_outbound_web_identity_federation)["IssuerIdentifier"]
    assert re.fullmatch(r"https://iamd\.example\.com/_iamd/issuers/[0-9a-f-]{36}", issuer)
    assert world.run(get_outbound_web_identity_federation_info) == {
        "IssuerIdentifier": issuer,
        "JwtVendingEnabled": True,
    }
    assert world.refusal(enable_outbound_web_identity_federation) == (
        "FeatureEnabled: Outbound web identity federation is already enabled for this account."
    )


def test_it_keeps_its_issuer_and_keys(world: World) -> None:
    issuer = world.run(enable_outbound_web_identity_federation)["IssuerIdentifier"]
    before = world.account.web_identity_issuer
    world.run(disable_outbound_web_identity_federation)
    assert world.run(get_outbound_web_identity_federation_info) == {
        "IssuerIdentifier": issuer,
        "JwtVendingEnabled": False,
    }
    assert world.refusal(disable_outbound_web_identity_federation) == OFF
    assert world.run(enable_outbound_web_identity_federation) == {"IssuerIdentifier": issuer}
    assert world.account.web_identity_issuer == before
    assert list(world.records()["web-identity-issuer"]) == ["issuer"]
    assert world.account.account_id == ACCOUNT_ID
