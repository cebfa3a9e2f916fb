"""What the SDK raises, as our closed tree of errors; no SDK exception leaves the provider, and no secret with it."""

import re
from dataclasses import dataclass

from botocore import exceptions as sdk

from mcidns.errors import Denied, ProviderError, Rejected, Transient

THROTTLES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "TooManyRequestsException",
    }
)
DENIALS = {
    "AccessDenied": "allow the action to this identity (README: IAM policy)",
    "AccessDeniedException": "allow the action to this identity (README: IAM policy)",
    "AuthFailure": "correct the access key in the Secret",
    "ExpiredToken": "renew sessionToken in the Secret, or use a role",
    "ExpiredTokenException": "renew sessionToken in the Secret, or use a role",
    "IncompleteSignature": "correct the access key in the Secret",
    "InvalidAccessKeyId": "correct accessKeyID in the Secret",
    "InvalidClientTokenId": "correct accessKeyID in the Secret; the key may have been deleted or disabled",
    "InvalidSignatureException": "correct secretAccessKey in the Secret, and set this machine's clock right",
    "MissingAuthenticationToken": "put accessKeyID and secretAccessKey into the Secret, or give the pod a role",
    "NotAuthorizedException": "allow the action to this identity (README: IAM policy)",
    "OptInRequired": "activate the account for Route 53",
    "RequestExpired": "set this machine's clock right",
    "SignatureDoesNotMatch": "correct secretAccessKey in the Secret, and set this machine's clock right",
    "UnrecognizedClientException": "correct the access key in the Secret",
}
_TELLING = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorizedException"})
_NEVER_SENT = (sdk.ConnectTimeoutError, sdk.EndpointConnectionError, sdk.ProxyConnectionError, sdk.SSLError)
_NO_CREDENTIALS = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.ProfileNotFound,
    sdk.ConfigNotFound,
    sdk.ConfigParseError,
    sdk.InvalidConfigError,
    sdk.UnknownCredentialError,
    sdk.TokenRetrievalError,
    sdk.SSOError,
    sdk.RefreshWithMFAUnsupportedError,
)


class NoSuchZone(Transient):
    """The hosted zone that we knew is not there any more."""


class NoSuchChange(Transient):
    """Route 53 has forgotten the change."""


class Refused(Rejected):
    """The change batch was refused; `reasons` are Route 53's, one per record at fault."""

    def __init__(self, message: str, reasons: tuple["Reason", ...]) -> None:
        super().__init__(message)
        self.reasons = reasons


class SlowDown(Transient):
    """Throttled, without the time yet. `zone`: only the zone is busy, not the account."""

    def __init__(self, message: str, *, zone: bool) -> None:
        super().__init__(message)
        self.zone = zone


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence of Route 53 and the record it speaks of; empty where it names none.

    `beside`: other sets at the name are in the way, which the batch did not expect there.
    """

    text: str
    name: str = ""
    type: str = ""
    set_identifier: str = ""
    beside: bool = False


def translated(error: Exception, operation: str, *, writes: bool) -> ProviderError:
    """Our error for one of the SDK's."""
    if isinstance(error, sdk.ClientError):
        return _answered(error, operation, writes=writes)
    if isinstance(error, _NO_CREDENTIALS):
        return Denied(
            f"no credentials for Route 53 ({type(error).__name__}): put accessKeyID and secretAccessKey into the Secret, name a"
            " profile, or give the pod a role"
        )
    if isinstance(error, sdk.ParamValidationError):
        return Rejected(f"{operation}: {_short(str(error))}; correct the record")
    if isinstance(error, _NEVER_SENT):
        return Transient(f"Route 53 cannot be reached ({type(error).__name__}); check the network and endpointURL")
    if isinstance(error, (sdk.BotoCoreError, OSError)):
        return Transient(f"{operation} got no answer from Route 53 ({type(error).__name__})", unsure=writes)
    return Transient(f"{operation} broke down in the SDK ({type(error).__name__})", unsure=writes)


def _answered(error: sdk.ClientError, operation: str, *, writes: bool) -> ProviderError:
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in THROTTLES or status == 429:
        return SlowDown("Route 53 asks to slow down: the account's five requests per second are used up", zone=False)
    if code == "PriorRequestNotComplete":
        return SlowDown("Route 53 still works on an earlier change of this zone", zone=True)
    if code in DENIALS or status in {401, 403}:
        said = f": {_short(message)}" if code in _TELLING else ""
        return Denied(f"{operation} was denied ({code or status}){said}; {DENIALS.get(code, 'check the credentials')}")
    if code == "NoSuchHostedZone":
        return NoSuchZone("the hosted zone does not exist any more; create it, or correct zoneID")
    if code == "NoSuchChange":
        return NoSuchChange("the change is not known any more")
    if status >= 500 or code in {"ServiceUnavailable", "InternalFailure", "InternalError", "RequestTimeout"}:
        return Transient(f"Route 53 has trouble of its own ({code or status}); tried again", unsure=writes)
    if writes:
        return Refused(_short(message or code), reasons(message) if code == "InvalidChangeBatch" else _whole(message))
    return Rejected(f"{operation} was refused ({code}): {_short(message)}; correct the DNSProvider's config")


_RECORD = re.compile(
    r"\[name='(?P<name>[^']*)', type='(?P<type>[^']*)'(?:, set-identifier='(?P<set>[^']*)')?\]"
    r"|RRSet of type (?P<type2>\w+) with DNS name (?P<name2>\S+?\.?)(?: is|,| and|\s|$)"
    r"|RRSet with DNS name (?P<name3>[^\s,]+?),? (?:and )?type (?P<type3>\w+)"
    r"(?:, SetIdentifier (?P<set3>[^,]*?)(?:,| cannot| and))?"
    r"|RRSet with DNS name (?P<name4>[^\s,]+) is not permitted"
    r"|Name=(?P<name5>[^,\]]+), Type=(?P<type5>\w+)(?:, SetIdentifier=(?P<set5>[^\]]*))?\]"
    r"|resource record set '(?P<type6>\w+) (?P<name6>[^']+)'"
)
_BESIDE = re.compile(r"conflicts with other records|exists? with the same name|same name, type and .* already exists")
_SENTENCES = re.compile(r"(?<=[.\]'a-z]), (?=Tried to |RRSet |Invalid |Duplicate |Value |The |Domain |FATAL )")


def reasons(message: str) -> tuple[Reason, ...]:
    """The sentences of InvalidChangeBatch, `[one, another]`, each with the record it names."""
    text = message.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    return tuple(_reason(sentence) for sentence in _SENTENCES.split(text) if sentence)


def _whole(message: str) -> tuple[Reason, ...]:
    return (_reason(message),) if message else ()


def _reason(sentence: str) -> Reason:
    match = _RECORD.search(sentence)
    beside = _BESIDE.search(sentence) is not None
    if match is None:
        return Reason(_short(sentence), beside=beside)
    groups = match.groupdict()

    def first(kind: str) -> str:
        return next((value for name, value in groups.items() if name.startswith(kind) and value), "")

    set_identifier = first("set")
    identifier = "" if set_identifier == "null" else set_identifier.strip()
    return Reason(_short(sentence), first("name"), first("type"), identifier, beside)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:280] + "…"
