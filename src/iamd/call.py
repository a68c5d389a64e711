"""One run of an operation: who calls, when and from where; the only door to clock and randomness."""

import os
import random
import secrets
import time as clock
from collections.abc import Callable, Hashable, Mapping
from functools import cache, partial
from typing import Any, Literal, ParamSpec, Protocol, TypeAlias, TypeVar

from msgspec import Struct, field

from iamd.account import ids
from iamd.account.state import Account

P = ParamSpec("P")
T = TypeVar("T")

CallerKind: TypeAlias = Literal["root", "user", "role", "federated", "anonymous", "provider"]


class Session(Struct, frozen=True, kw_only=True):
    """What temporary credentials add to their principal.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp.html
    """

    issued: int  # epoch seconds
    expires: int  # epoch seconds
    name: str | None = None  # role session name
    mfa_time: int | None = None  # epoch seconds of the MFA proof, None without one
    tags: Mapping[str, str] = {}  # session tags, transitive ones included
    transitive_tag_keys: tuple[str, ...] = ()  # those of ``tags`` that sessions assumed from this one inherit
    policies: tuple[str, ...] = ()  # inline session policy documents
    policy_arns: tuple[str, ...] = ()  # managed session policies, of the session's account or AWS's
    source_identity: str | None = None
    federated_provider: str | None = None  # whose assertion the session was made from: a provider's ARN or name
    # Condition keys, in lower case, that the provider or a service left.
    federated_context: Mapping[str, str | tuple[str, ...]] = {}
    delegated: bool = False  # of a product provider, whom the principal let act for it
    assumed_root: bool = False  # by AssumeRoot: the root user of a member account, limited to a task


class Assertion(Struct, frozen=True, kw_only=True):
    """What an identity provider says of a user whom it sends, verified: a web identity token or a SAML assertion.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers.html
    """

    provider: str  # the ARN of the provider's record, or AWS's own name of it such as accounts.google.com
    context: Mapping[str, str | tuple[str, ...]]  # condition keys, in lower case, for the role's trust policy
    session_context: Mapping[str, str | tuple[str, ...]] = {}  # those of them that the session keeps
    shown: Mapping[str, str] = {}  # members of the answer that tell of the assertion: Provider, Audience, Subject …
    session_name: str | None = None  # if the assertion names the session, as SAML does
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None
    ends: int | None = None  # epoch seconds after which no session may last
    max_duration: int | None = None  # seconds that a session may last


class Caller(Struct, frozen=True, kw_only=True):
    """The authenticated principal of a request.

    ``arn`` is what GetCallerIdentity shows; ``principal_arn`` is the value of ``aws:PrincipalArn`` (for a role session
    the role's ARN). A ``provider`` has no credential but an assertion: it is a user of an identity provider, before
    there is a session, and has neither ARN nor id of its own.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
    """

    kind: CallerKind
    account_id: str
    arn: str
    principal_arn: str
    user_id: str  # as GetCallerIdentity shows it: AIDA…, AROA…:session, account id:name; the account id for root
    name: str | None = None  # of the user, role or federated user
    issuer_arn: str = ""  # federated: ARN of the user (or root) whose credentials made the session
    issuer_id: str = ""  # federated: that user's unique id, or the account id
    access_key_id: str | None = None
    session: Session | None = None
    assertion: Assertion | None = None  # provider: what it was identified by

    @property
    def entity_id(self) -> str:
        """The unique id of the user or role behind the caller; the account id for root."""
        return self.issuer_id or self.user_id.partition(":")[0]


class Source(Struct, frozen=True, kw_only=True):
    """Where a request came from, as condition keys tell it."""

    ip: str  # the peer's address; IPv4 dotted or IPv6
    user_agent: str = ""
    referer: str | None = None
    secure: bool = False  # TLS
    region: str = "us-east-1"  # aws:RequestedRegion
    host: str = ""


class SealBroken(Exception):
    """A sealed text that is not, or not any more, what ``Sealer.seal`` made for this context with a known key."""


class Sealer(Protocol):
    """Encrypts secrets before they reach a record (see ``iamd.store.sealing``)."""

    def seal(self, secret: bytes, context: str) -> str:
        """``secret`` encrypted and bound to ``context``, as printable text."""
        ...

    def unseal(self, sealed: str, context: str) -> bytes:
        """The secret again. Raises ``SealBroken`` if text, context or key are not those of ``seal``."""
        ...


class NotComputed(Exception):
    """An operation needs what a slow function gives: ``compute`` elsewhere, then run the operation again.

    ``alone``: nothing else for which this is true is computed meanwhile.
    """

    def __init__(self, compute: Callable[[], None]) -> None:
        super().__init__()
        self.compute = compute
        self.alone = False


class NotLoaded(Exception):
    """An operation needs to see another account: ``give`` it, or None if it is not hosted, and run it again."""

    def __init__(self, account_id: str, give: Callable[[Account | None], None]) -> None:
        super().__init__()
        self.account_id = account_id
        self.give = give


class Computations:
    """What slow functions gave in one call, and other accounts. Arguments may be secret, and nothing shows them."""

    def __init__(self) -> None:
        self._results: dict[Hashable, Any] = {}

    def get(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of ``function``. Raises NotComputed, with the function to run, as long as there is none."""
        key = (function, args, tuple(kwargs.items()))
        if key not in self._results:

            def compute() -> None:
                self._results[key] = function(*args, **kwargs)

            raise NotComputed(compute)
        result: T = self._results[key]
        return result

    def other_account(self, account_id: str) -> Account | None:
        """Another account as it was when the call first asked for it. Raises NotLoaded as long as it was not given."""
        key = (Account, account_id)
        if key not in self._results:
            raise NotLoaded(account_id, partial(self._results.__setitem__, key))
        account: Account | None = self._results[key]
        return account


class Letters:
    """Draws letters that nobody can foresee, each as likely as another.

    It does what ``secrets.choice`` does, but asks the system for its randomness in blocks: an answer of STS draws fifty
    letters. A block lives as long as one call, so no process shares it with another.
    """

    __slots__ = ("_block",)

    def __init__(self) -> None:
        self._block = b""

    def __call__(self, alphabet: str, count: int) -> str:
        if 256 % len(alphabet):
            return "".join(secrets.choice(alphabet) for _ in range(count))
        block = self._block if count <= len(self._block) else os.urandom(max(64, count))
        self._block = block[count:]
        return block[:count].translate(_letter_of_byte(alphabet)).decode("ascii")


@cache
def _letter_of_byte(alphabet: str) -> bytes:
    """The letter that each byte stands for; INVARIANT: as many bytes for each, since 256 is a multiple."""
    return (alphabet * (256 // len(alphabet))).encode("ascii")


class Call(Struct, frozen=True, kw_only=True):
    """One run of one operation.

    ``time`` is epoch seconds. ``choose`` draws letters of an alphabet, in tests from a seeded generator.
    ``mfa_time`` is when the MFA code that the request itself carries was verified, None if it carries none.
    """

    caller: Caller
    source: Source
    operation: str  # e.g. CreateUser
    service: str = "iam"
    time: int
    request_id: str
    sealer: Sealer
    mfa_time: int | None = None
    choose: ids.Choose = field(default_factory=Letters)
    computations: Computations = field(default_factory=Computations)

    def compute(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``function(*args)``, for what takes milliseconds: password hashes, images, keys (docs/decisions/0007).

        Operations run on the event loop, where everyone waits for them. So this raises NotComputed the first time;
        whoever runs the operation computes in a thread and runs it again. INVARIANT: every run of a call asks with the
        same arguments; what is random is drawn inside the function.
        """
        return self.computations.get(function, *args, **kwargs)

    def compute_alone(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like ``compute``, for what may take seconds, all of them in Python, where threads take turns.

        One such function runs at a time, so that whoever asks for many slows down nobody else.
        """
        try:
            return self.computations.get(function, *args, **kwargs)
        except NotComputed as slow:
            slow.alone = True
            raise

    def other_account(self, account_id: str) -> Account | None:
        """Another account, to read; None if it is not hosted here.

        An operation is run on one account, and is given another only when it asks: this raises NotLoaded the first
        time, and whoever runs the operation gives the account and runs it again. INVARIANT: what comes of the call may
        rest on what the other account was a moment ago, for no commit compares the heads of two.
        """
        return self.computations.other_account(account_id)

    def new_id(self, prefix: str) -> str:
        """A fresh unique id such as ``AIDA…``; see ``iamd.account.ids`` for the prefixes."""
        return ids.new_unique_id(prefix, self.choose)

    def new_access_key_id(self, prefix: str = ids.ACCESS_KEY, account_id: str | None = None) -> str:
        """A fresh access key id that carries ``account_id``, by default the caller's."""
        return ids.new_access_key_id(prefix, account_id or self.caller.account_id, self.choose)

    def new_secret_access_key(self) -> str:
        """40 characters of AWS's secret key alphabet: 240 bits."""
        return self.choose(ids.SECRET_ALPHABET, 40)


def now() -> int:
    """The time in epoch seconds."""
    return int(clock.time())


def new_request_id() -> str:
    """A fresh request id in the form of a random UUID, as AWS sends it. It tells requests apart, and is no secret."""
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
