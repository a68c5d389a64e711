"""What web identity tokens and SAML assertions have in common: the caller that they make, and what a session inherits.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from iamd.call import Assertion, Caller
from iamd.errors import InvalidIdentityToken
from iamd.wire.patterns import compile_pattern

MAX_TAGS: Final = 50
_MAX_KEY: Final = 128  # characters
_MAX_VALUE: Final = 256
_is_tag_key: Final = compile_pattern(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")
_is_tag_value: Final = compile_pattern(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")
_SOURCE_IDENTITY: Final = re.compile(r"(?!aws:)[a-zA-Z_0-9+=,.@-]{2,64}")


def asserted_caller(assertion: Assertion, account_id: str) -> Caller:
    """The caller that a verified assertion stands for, to whom a provider of ``account_id`` attests."""
    return Caller(
        kind="provider",
        account_id=account_id,
        arn=assertion.provider,
        principal_arn="",
        user_id="",
        assertion=assertion,
    )


def verified_tags(tags: Sequence[tuple[str, str]], transitive: Iterable[str]) -> tuple[str, ...]:
    """The keys of ``transitive`` as ``tags`` spells them. Raises InvalidIdentityToken if tags or keys are not valid."""
    keys = {key.lower(): key for key, _ in tags}
    if len(keys) != len(tags):
        raise InvalidIdentityToken("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if len(tags) > MAX_TAGS:
        raise InvalidIdentityToken(f"More than {MAX_TAGS} session tags were passed.")
    for key, value in tags:
        too_long = len(key) > _MAX_KEY or len(value) > _MAX_VALUE
        if too_long or not _is_tag_key(key) or not _is_tag_value(value) or key.lower().startswith("aws:"):
            raise InvalidIdentityToken("A session tag has an invalid key or value.")
    wanted = dict.fromkeys(key.lower() for key in transitive)
    if not wanted.keys() <= keys.keys():
        raise InvalidIdentityToken("The specified transitive tag key must be included in the requested tags.")
    return tuple(keys[key] for key in wanted)


def verified_source_identity(source_identity: str) -> str:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_saml.html"""
    if not _SOURCE_IDENTITY.fullmatch(source_identity):
        raise InvalidIdentityToken('Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"')
    return source_identity
