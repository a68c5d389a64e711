"""What a start prints for people: the new root users' keys, once, and the lines to paste."""

from collections.abc import Sequence

from msgspec import Struct

from iamd import __version__


class NewAccount(Struct, frozen=True, kw_only=True):
    """An account that this start created. ``secret_access_key`` is None if the settings chose it."""

    account_id: str
    name: str | None
    access_key_id: str
    secret_access_key: str | None

    def __repr__(self) -> str:
        return f"NewAccount(account_id={self.account_id!r}, access_key_id={self.access_key_id!r})"  # no secret


class Greeting(Struct, frozen=True, kw_only=True):
    """The text on standard output, and whether it shows a secret that is shown nowhere else."""

    text: str
    shows_secret: bool

    def __repr__(self) -> str:
        return f"Greeting(shows_secret={self.shows_secret})"  # no secret


def make_greeting(
    endpoint_url: str, home: str, new_accounts: Sequence[NewAccount], accounts_without_administrator: Sequence[str]
) -> Greeting:
    """The greeting of a start. ``home`` says where the data is. The first line of the text is for programs."""
    lines = [f"IAMD_ENDPOINT_URL={endpoint_url}", "", f"iamd {__version__} keeps its data in {home}."]
    for account in new_accounts:
        lines += ["", *_new_account(account, endpoint_url)]
    for account_id in accounts_without_administrator:
        lines += [
            "",
            f"Warning: account {account_id} has no administrator yet, and root is not for daily work. As root:",
            "  aws iam create-user --user-name admin",
            "  aws iam attach-user-policy --user-name admin --policy-arn arn:aws:iam::aws:policy/AdministratorAccess",
            "  aws iam create-access-key --user-name admin",
        ]
    return Greeting(
        text="\n".join(lines) + "\n\n",
        shows_secret=any(account.secret_access_key is not None for account in new_accounts),
    )


def _new_account(account: NewAccount, endpoint_url: str) -> list[str]:
    title = f"Account {account.account_id}" + (f" ({account.name})" if account.name else "")
    if account.secret_access_key is None:
        return [f"{title} is new. Its root user's access key is {account.access_key_id}, with the secret you gave."]
    return [
        f"{title} is new. This is its root user's access key, shown this once:",
        "",
        f"  export AWS_ACCESS_KEY_ID={account.access_key_id}",
        f"  export AWS_SECRET_ACCESS_KEY={account.secret_access_key}",
        "  export AWS_DEFAULT_REGION=us-east-1",
        f"  export AWS_ENDPOINT_URL={endpoint_url}",
        "  aws sts get-caller-identity",
        "",
        "To keep it as a profile of the AWS CLI instead of in this shell:",
        "",
        f"  aws configure set aws_access_key_id {account.access_key_id} --profile iamd-root",
        f"  aws configure set aws_secret_access_key {account.secret_access_key} --profile iamd-root",
        "  aws configure set region us-east-1 --profile iamd-root",
        f"  aws configure set endpoint_url {endpoint_url} --profile iamd-root",
        "  aws sts get-caller-identity --profile iamd-root",
    ]
