"""Options of the commands that ask for a role's credentials."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from iamd.workload.credentials import RoleRequest

F = TypeVar("F", bound=Callable[..., Any])

_MAX_POLICY = 16_384  # bytes


def role_options(function: F) -> F:
    """Which role, and what limits the session."""
    for option in reversed(
        [
            click.option("--role", required=True, metavar="NAME", help="Name of the role, with its path, or its ARN."),
            click.option("--session-name", default="iamd-workload", show_default=True, help="Name of the session."),
            click.option(
                "--duration",
                type=click.IntRange(900, 43_200),
                default=3600,
                show_default=True,
                help="Seconds that a session lasts; a new one is there long before.",
            ),
            click.option("--policy", metavar="JSON|@FILE", help="Session policy: allows no more than this."),
            click.option("--policy-arn", multiple=True, metavar="ARN", help="Managed session policy."),
            click.option("--external-id", help="What the role's trust policy asks for under sts:ExternalId."),
            click.option(
                "--service", metavar="PRINCIPAL", help="Take on the role as this service, such as lambda.amazonaws.com."
            ),
            click.option("--source-arn", metavar="ARN", help="What the service works for, such as a function."),
        ]
    ):
        function = option(function)
    return function


def identity_options(function: F) -> F:
    """Whose permission it is to take on the role, and where to ask."""
    for option in reversed(
        [
            click.option("--profile", help="AWS profile to ask with; by default what the AWS SDK finds."),
            click.option("--endpoint-url", envvar="AWS_ENDPOINT_URL", show_envvar=True, help="Address of the server."),
            click.option("--region", help="AWS region."),
        ]
    ):
        function = option(function)
    return function


def role_request(
    role: str,
    session_name: str,
    duration: int,
    policy: str | None,
    policy_arn: tuple[str, ...],
    external_id: str | None,
    service: str | None,
    source_arn: str | None,
) -> "RoleRequest":
    """The request that the options make."""
    from iamd.workload.credentials import RoleRequest

    return RoleRequest(
        role=role,
        session_name=session_name,
        duration=duration,
        policy=_read_policy(policy),
        policy_arns=policy_arn,
        external_id=external_id,
        service=service,
        source_arn=source_arn,
    )


def _read_policy(given: str | None) -> str | None:
    if given is None or not given.startswith("@"):
        return given
    try:
        with Path(given[1:]).open("rb") as file:
            return file.read(_MAX_POLICY).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"The policy {given[1:]} cannot be read: {error}") from None
