"""The encoded authorization message: why a request was denied, sealed, for those who may decode it.

https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from iamd.errors import InvalidAuthorizationMessageException
from iamd.policy.authorize import Decision
from iamd.policy.evaluate import Match
from iamd.policy.principals import PrincipalElement
from iamd.policy.references import spell_keys

MAX_LENGTH = 10_240
"""Characters of an encoded message that STS takes."""

_SHORT_RESOURCE = 1_000


def authorization_message(decision: Decision) -> str:
    """The JSON text that DecodeAuthorizationMessage answers: outcome, principal, action, resource, condition keys."""
    return _to_json(_message(decision))


def encode_authorization_message(decision: Decision, seal: Callable[[bytes], str]) -> str:
    """The message sealed, at most MAX_LENGTH characters.

    ``seal`` turns bytes into printable text that only ``unseal`` of ``decode_authorization_message`` opens. Of a
    message too long to be decoded again, the longest condition keys are left out, then the matched statements, then
    the end of the resource.
    It is not compressed: its length would tell a caller, who chooses some of it, what is in the rest.
    """
    message = _message(decision)
    context = message["context"]
    conditions = context["conditions"]["items"]
    while len(sealed := seal(_to_json(message).encode())) > MAX_LENGTH:
        if conditions:
            conditions.remove(max(conditions, key=lambda item: len(_to_json(item))))
        elif message["matchedStatements"]["items"]:
            message["matchedStatements"] = _items(())
        elif len(context["resource"]) > _SHORT_RESOURCE:
            context["resource"] = context["resource"][:_SHORT_RESOURCE]
        else:
            raise ValueError("Of a short message, the sealed text is too long.")
    return sealed


def decode_authorization_message(encoded: str, unseal: Callable[[str], bytes | None]) -> str:
    """The JSON text that an encoded message holds.

    ``unseal`` gives the sealed bytes, None for what was not sealed here or was changed since.
    Raises InvalidAuthorizationMessageException.
    """
    data = unseal(encoded)
    if data is None:
        raise InvalidAuthorizationMessageException("Message is not valid")
    return data.decode()


def _message(decision: Decision) -> dict[str, Any]:
    request = decision.request
    principal = request.principal
    shown = {"id": principal.user_id, "arn": principal.arn}
    if principal.kind == "user":
        shown = {"id": principal.user_id, "name": principal.arn.rpartition("/")[2], "arn": principal.arn}
    denies = [match for match in decision.matched if match.statement.denies]
    spelled = {key.lower(): key for key in spell_keys(request.context, (match.policy for match in decision.matched))}
    return {
        "allowed": decision.allowed,
        "explicitDeny": decision.outcome == "explicitDeny",
        "matchedStatements": _items(map(_statement, denies)),
        "failures": _items(()),
        "context": {
            "principal": {name: value for name, value in shown.items() if value},
            "action": request.action,
            "resource": request.resource,
            "conditions": _items(
                _condition(spelled[key], (value,) if isinstance(value, str) else value)
                for key, value in sorted(request.context.items())
            ),
        },
    }


def _statement(match: Match) -> dict[str, Any]:
    statement = match.statement
    shown: dict[str, Any] = {
        "statementId": statement.sid or "",
        "effect": statement.effect.upper(),
        "principals": _values(_names(statement.principal)),
        "principalGroups": _items(()),
        "actions": _values(statement.actions or ()),
        "resources": _values(statement.resources or ()),
        "conditions": _items(_condition(clause.key, clause.values) for clause in statement.conditions),
    }
    for name, values in (
        ("notPrincipals", _names(statement.not_principal)),
        ("notActions", statement.not_actions or ()),
        ("notResources", statement.not_resources or ()),
    ):
        if values:
            shown[name] = _values(values)
    return shown


def _names(element: PrincipalElement | None) -> tuple[str, ...]:
    return () if element is None else tuple(value for _, value in element.named)


def _condition(key: str, values: Iterable[str]) -> dict[str, Any]:
    return {"key": key, "values": _values(values)}


def _values(values: Iterable[str]) -> dict[str, Any]:
    return _items({"value": value} for value in values)


def _items(items: Iterable[Any]) -> dict[str, Any]:
    return {"items": list(items)}


def _to_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
