"""Asks STS, or iamd's operator API, for the credentials of a role, with whatever credentials the AWS SDK finds here."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

from iamd.arn import PARTITION, find_arn, iam_arn
from iamd.wire.models import OWN_MODELS
from iamd.workload.credentials import RoleCredentials, RoleRequest

_DEFAULT_REGION = "us-east-1"
_CONNECT_TIMEOUT = 2  # seconds
_READ_TIMEOUT = 5  # seconds
_ATTEMPTS = 2
_FOR_LATER = frozenset({"Throttling", "ThrottlingException", "ServiceUnavailable", "InternalFailure", "RequestExpired"})


# The asking identity's own credentials are not, or not any more, what the server knows.
_STALE = frozenset({"ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"})


class NotIssued(Exception):
    """There are no credentials, and the message says why. ``refused`` if asking again will not help."""

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


class Issuer:
    """Gets sessions of roles. Safe to call from several threads at once.

    The identity that asks is the one that botocore finds, in the environment, in ``profile`` or wherever else. It is
    imported here and nowhere else in iamd, and not before it is needed.
    """

    def __init__(
        self, *, profile: str | None = None, endpoint_url: str | None = None, region: str | None = None
    ) -> None:
        self._profile = profile
        self._endpoint_url = endpoint_url
        self._region = region
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._account_id: str | None = None
        self._lock = threading.Lock()

    def issue(self, request: RoleRequest) -> RoleCredentials:
        """A new session. Blocks for as long as the upstream takes. Raises NotIssued."""
        profile = self._instance_profile(request.instance_profile) if request.instance_profile else {}
        role_arn = profile["role_arn"] if profile else self._role_arn(request.role or "")
        input: dict[str, Any] = {
            "RoleArn": role_arn,
            "RoleSessionName": request.session_name,
            "DurationSeconds": request.duration,
            "Policy": request.policy,
            "PolicyArns": [{"arn": arn} for arn in request.policy_arns] or None,
            "ExternalId": request.external_id,
        }
        issued = int(time.time())
        if request.service is None:
            answer = self._call("sts", "assume_role", **input)
        else:
            source_arn = request.source_arn
            if source_arn is None and request.instance_profile is not None:
                source_arn = self._instance_arn(role_arn, request.session_name)
            answer = self._call(
                "iamd", "assume_role_for_service", ServicePrincipal=request.service, SourceArn=source_arn, **input
            )
        credentials = answer["Credentials"]
        return RoleCredentials(
            access_key_id=credentials["AccessKeyId"],
            secret_access_key=credentials["SecretAccessKey"],
            session_token=credentials["SessionToken"],
            issued=issued,
            expires=int(credentials["Expiration"].timestamp()),
            role_arn=role_arn,
            instance_profile_arn=profile.get("arn"),
            instance_profile_id=profile.get("id"),
        )

    @property
    def endpoint_url(self) -> str | None:
        """The upstream that the profile or a variable names for all services, None for AWS's own."""
        url = self._endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return url or self._guarded(lambda: self._botocore().get_scoped_config().get("endpoint_url"))

    @property
    def region(self) -> str | None:
        """The region that was configured."""
        return self._region or self._guarded(lambda: self._botocore().get_config_variable("region"))

    def _role_arn(self, role: str) -> str:
        if find_arn(role) is not None:
            return role
        if self._account_id is None:
            self._account_id = self._call("sts", "get_caller_identity")["Account"]
        return iam_arn(self._account_id, "role", "/", role.lstrip("/"))

    def _instance_arn(self, role_arn: str, instance_id: str) -> str:
        account_id = role_arn.split(":")[4]
        return f"arn:{PARTITION}:ec2:{self.region or _DEFAULT_REGION}:{account_id}:instance/{instance_id}"

    def _instance_profile(self, name: str) -> dict[str, str]:
        profile = self._call("iam", "get_instance_profile", InstanceProfileName=name)["InstanceProfile"]
        if not profile["Roles"]:
            raise NotIssued(f"There is no role in the instance profile {name}.", refused=True)
        return {
            "arn": profile["Arn"],
            "id": profile["InstanceProfileId"],
            "role_arn": profile["Roles"][0]["Arn"],
        }

    # botocore ---------------------------------------------------------------------------------------------------------

    def _botocore(self) -> Any:
        from botocore.session import Session

        with self._lock:
            if self._session is None:
                self._session = Session(profile=self._profile)
                self._session.get_component("data_loader").search_paths.append(str(OWN_MODELS))
            return self._session

    def _forget_credentials(self) -> None:
        """Let them be looked for anew the next time: botocore reads files and variables once."""
        with self._lock:
            self._session = None
            self._clients.clear()

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        session = self._botocore()
        if service == "iamd" and self.endpoint_url is None:
            raise NotIssued("AWS assumes no role for a service of yours: set AWS_ENDPOINT_URL.", refused=True)
        region = self.region or _DEFAULT_REGION
        with self._lock:  # a session of botocore's makes one client at a time
            if service not in self._clients:
                self._clients[service] = session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint_url,
                    config=Config(
                        connect_timeout=_CONNECT_TIMEOUT,
                        read_timeout=_READ_TIMEOUT,
                        retries={"total_max_attempts": _ATTEMPTS},
                        user_agent_extra="iamd-workload",
                    ),
                )
            return self._clients[service]

    def _call(self, service: str, operation: str, **input: Any) -> Any:
        given = {name: value for name, value in input.items() if value is not None}
        return self._guarded(lambda: getattr(self._client(service), operation)(**given))

    def _guarded(self, function: Callable[[], Any]) -> Any:
        """What ``function`` returns. Raises NotIssued for what botocore raises; its texts hold no secrets."""
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

        try:
            return function()
        except ClientError as error:
            told = error.response["Error"]
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
            later = status >= 500 or told["Code"] in _FOR_LATER
            if told["Code"] in _STALE:
                self._forget_credentials()
            raise NotIssued(f"{told['Code']}: {told.get('Message', '')}", refused=not later) from None
        except NoCredentialsError:
            raise NotIssued(
                "There are no AWS credentials to ask with. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a "
                "profile with --profile.",
                refused=True,
            ) from None
        except BotoCoreError as error:
            raise NotIssued(str(error), refused=isinstance(error, ParamValidationError)) from None
