"""The errors that iamd answers: one class per AWS error code, with the HTTP status AWS sends for it."""


class ServiceError(Exception):
    """An answer that refuses a request, as AWS words it.

    The class name is the AWS error code; ``message`` is AWS's text, or None where AWS sends no ``Message`` element.
    ``headers`` are added to the HTTP response. See
    https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
    """

    status = 400
    fault = "Sender"

    def __init__(self, message: str | None = None, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.headers = headers

    @property
    def code(self) -> str:
        return type(self).__name__


# What IAM operations answer -------------------------------------------------------------------------------------------


class NoSuchEntity(ServiceError):
    status = 404


class EntityAlreadyExists(ServiceError):
    status = 409


class DeleteConflict(ServiceError):
    status = 409


class LimitExceeded(ServiceError):
    status = 409


class UnmodifiableEntity(ServiceError):
    pass


class InvalidInput(ServiceError):
    pass


class ValidationError(ServiceError):
    pass


class MalformedPolicyDocument(ServiceError):
    pass


class PackedPolicyTooLarge(ServiceError):
    pass


class PolicyNotAttachable(ServiceError):
    pass


class InvalidAuthorizationMessageException(ServiceError):
    pass


class FeatureEnabled(ServiceError):
    status = 409


class FeatureDisabled(ServiceError):
    status = 404


class OutboundWebIdentityFederationDisabledException(ServiceError):
    status = 403


class SessionDurationEscalationException(ServiceError):
    status = 403


class JWTPayloadSizeExceededException(ServiceError):
    pass


class ExpiredTradeInTokenException(ServiceError):
    pass


class InvalidIdentityToken(ServiceError):
    pass


class IDPRejectedClaim(ServiceError):
    status = 403


class IDPCommunicationError(ServiceError):
    pass


class ExpiredTokenException(ServiceError):
    """What an identity provider asserted is out of date; ``ExpiredToken`` is for session tokens."""


class InvalidUserType(ServiceError):
    pass


class InvalidAuthenticationCode(ServiceError):
    status = 403


class PasswordPolicyViolation(ServiceError):
    pass


class MalformedCertificate(ServiceError):
    pass


class DuplicateCertificate(ServiceError):
    status = 409


class KeyPairMismatch(ServiceError):
    pass


class InvalidPublicKey(ServiceError):
    pass


class DuplicateSSHPublicKey(ServiceError):
    pass


class UnrecognizedPublicKeyEncoding(ServiceError):
    pass


class NameConflict(ServiceError):
    status = 409


class RoleTemplateDisabled(ServiceError):
    pass


class ServiceAccessNotEnabledException(ServiceError):
    pass


class AccountNotManagementOrDelegatedAdministratorException(ServiceError):
    pass


class OrganizationNotFoundException(ServiceError):
    pass


class OrganizationNotInAllFeaturesModeException(ServiceError):
    pass


class CallerIsNotManagementAccountException(ServiceError):
    pass


class PolicyEvaluation(ServiceError):
    status = 500
    fault = "Receiver"


class ReportNotPresent(ServiceError):
    status = 410


class ReportExpired(ServiceError):
    status = 410


class ServiceFailure(ServiceError):
    status = 500
    fault = "Receiver"


# What Service Quotas answers ------------------------------------------------------------------------------------------


class IllegalArgumentException(ServiceError):
    pass


class InvalidPaginationTokenException(ServiceError):
    pass


class NoSuchResourceException(ServiceError):
    pass


class ResourceAlreadyExistsException(ServiceError):
    pass


class TagPolicyViolationException(ServiceError):
    pass


class TooManyTagsException(ServiceError):
    pass


# What any Query service answers ---------------------------------------------------------------------------------------


class AccessDenied(ServiceError):
    status = 403


class InvalidAction(ServiceError):
    pass


class InvalidParameterValue(ServiceError):
    pass


class InvalidParameterCombination(ServiceError):
    pass


class MalformedInput(ServiceError):
    pass


class MalformedQueryString(ServiceError):
    status = 404


class MissingAction(ServiceError):
    pass


class RequestEntityTooLarge(ServiceError):
    status = 413


class InternalFailure(ServiceError):
    status = 500
    fault = "Receiver"


class ServiceUnavailable(ServiceError):
    status = 503
    fault = "Receiver"


class NotImplementedYet(ServiceError):
    """An operation of the installed model that iamd does not answer yet; the code on the wire is ``NotImplemented``."""

    status = 501
    fault = "Receiver"

    @property
    def code(self) -> str:
        return "NotImplemented"


# What authentication answers ------------------------------------------------------------------------------------------


class MissingAuthenticationToken(ServiceError):
    status = 403


class IncompleteSignature(ServiceError):
    pass


class SignatureDoesNotMatch(ServiceError):
    status = 403


class InvalidClientTokenId(ServiceError):
    status = 403


class ExpiredToken(ServiceError):
    status = 403


class RequestExpired(ServiceError):
    pass
