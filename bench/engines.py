"""Policy engines behind one face: load documents, then say whether a request is allowed."""

import ipaddress
import json
import logging
import re
from collections.abc import Callable
from typing import Any, ClassVar

from tests.policy import reference

from bench.workload import ACCOUNT_ID, CALLER, Asked, conditions, listed
from iamd.policy import Policies, Principal, Request, authorize, parse_policy

PRINCIPAL = Principal(kind="user", account_id=ACCOUNT_ID, arn=CALLER, principal_arn=CALLER)


def as_request(asked: Asked) -> Request:
    context = {key.lower(): value for key, value in asked.context.items()}
    return Request(principal=PRINCIPAL, action=asked.action, resource=asked.resource, context=context)


class Engine:
    """``prepare`` turns a request into the engine's own terms, outside the time that is measured."""

    name: ClassVar[str]
    left_out = 0  # statements that the engine has no words for

    def prepare(self, asked: Asked) -> Any:
        raise NotImplementedError

    def allows(self, prepared: Any) -> bool:
        raise NotImplementedError


class Reference(Engine):
    name = "reference"

    def __init__(self, policies: list[str]) -> None:
        self._documents = reference.Documents(identity=tuple(policies))

    def prepare(self, asked: Asked) -> Request:
        return as_request(asked)

    def allows(self, prepared: Request) -> bool:
        return reference.decide(prepared, self._documents).outcome == "allowed"


class Iamd(Engine):
    name = "iamd"

    def __init__(self, policies: list[str]) -> None:
        self._policies = Policies(identity=tuple(map(parse_policy, policies)))

    def prepare(self, asked: Asked) -> Request:
        return as_request(asked)

    def allows(self, prepared: Request) -> bool:
        return authorize(prepared, self._policies).outcome == "allowed"


class Moto(Engine):
    """moto's evaluator, the way moto combines policies; moto itself parses the documents anew for every request."""

    name = "moto"

    def __init__(self, policies: list[str]) -> None:
        from moto.iam.access_control import IAMPolicy, PermissionResult

        self._policies = [IAMPolicy(text) for text in policies]
        self._denied, self._permitted = PermissionResult.DENIED, PermissionResult.PERMITTED

    def prepare(self, asked: Asked) -> Asked:
        return asked

    def allows(self, prepared: Asked) -> bool:
        permitted = False
        for policy in self._policies:
            result = policy.is_action_permitted(
                prepared.action, prepared.resource, incoming_condition_values=prepared.context
            )
            if result is self._denied:
                return False
            permitted = permitted or result is self._permitted
        return permitted


class Cedar(Engine):
    """Cedar through cedarpy, policies and entities parsed once. Actions and resources are texts in the context, as
    Cedar's own have no wildcards; a pattern that holds a variable cannot be said."""

    name = "cedarpy"

    def __init__(self, policies: list[str]) -> None:
        import cedarpy

        texts = []
        for statement in _statements(policies):
            resources = [each for each in listed(statement["Resource"]) if "${" not in each]
            if not resources or any("?" in each for each in resources):
                self.left_out += 1
                continue
            tests = [_like("action", listed(statement["Action"])), _like("resource", resources)]
            tests += [self._condition(*each) for each in conditions(statement)]
            effect = "permit" if statement["Effect"] == "Allow" else "forbid"
            texts.append(f"{effect} (principal, action, resource) when {{ {' && '.join(tests)} }};")
        self._is_authorized = cedarpy.is_authorized
        self._policies = cedarpy.PolicySet.from_str("\n".join(texts))
        self._entities = cedarpy.Entities.from_json_str("[]")
        self._allow = cedarpy.Decision.Allow

    def prepare(self, asked: Asked) -> dict[str, Any]:
        context: dict[str, Any] = {"action": asked.action, "resource": asked.resource}
        for key, value in asked.context.items():
            context[_word(key)] = value
        context["SourceIp"] = {"__extn": {"fn": "ip", "arg": asked.context["aws:SourceIp"]}}
        if "MultiFactorAuthAge" in context:
            context["MultiFactorAuthAge"] = int(context["MultiFactorAuthAge"])
        return {"principal": 'User::"Ana"', "action": 'Action::"a"', "resource": 'Resource::"r"', "context": context}

    def allows(self, prepared: dict[str, Any]) -> bool:
        return bool(self._is_authorized(prepared, self._policies, self._entities).decision == self._allow)

    def _condition(self, operator: str, key: str, values: list[str]) -> str:
        name = _word(key)
        tests = {
            "StringEquals": lambda value: f"context.{name} == {json.dumps(value)}",
            "StringLike": lambda value: f"context.{name} like {json.dumps(value)}",
            "Bool": lambda value: f"context.{name} == {json.dumps(value)}",
            "IpAddress": lambda value: f"context.{name}.isInRange(ip({json.dumps(value)}))",
            "NumericLessThan": lambda value: f"context.{name} < {value}",
        }
        return f"context has {name} && ({' || '.join(map(tests[operator], values))})"


class Casbin(Engine):
    """Casbin with one rule for each action and resource of a statement; conditions are a function in Python, which is
    how Casbin is extended."""

    name = "casbin"
    _MODEL = """
[request_definition]
r = act, res, context
[policy_definition]
p = act, res, condition, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = regexMatch(r.act, p.act) && regexMatch(r.res, p.res) && holds(r.context, p.condition)
"""

    def __init__(self, policies: list[str]) -> None:
        import casbin

        model = casbin.Model()
        model.load_model_from_text(self._MODEL)
        self._enforcer = casbin.Enforcer(model)
        self._conditions: dict[str, list[Callable[[dict[str, str]], bool]]] = {}
        self._enforcer.add_function("holds", self._holds)
        rules = []
        for number, statement in enumerate(_statements(policies)):
            self._conditions[str(number)] = [_python_condition(*each) for each in conditions(statement)]
            resources = [each for each in listed(statement["Resource"]) if "${" not in each]
            self.left_out += not resources
            rules += [
                [_expression(action), _expression(resource), str(number), statement["Effect"].lower()]
                for action in listed(statement["Action"])
                for resource in resources
            ]
        self._enforcer.add_policies(rules)

    def _holds(self, context: dict[str, str], condition: str) -> bool:
        return all(holds(context) for holds in self._conditions[condition])

    def prepare(self, asked: Asked) -> Asked:
        return asked

    def allows(self, prepared: Asked) -> bool:
        return bool(self._enforcer.enforce(prepared.action, prepared.resource, prepared.context))


class Vakt(Engine):
    """vakt with its in-memory storage and rules."""

    name = "vakt"

    def __init__(self, policies: list[str]) -> None:
        import vakt
        from vakt import rules

        logging.getLogger("vakt").setLevel(logging.CRITICAL)
        make = {
            "StringEquals": lambda values: rules.In(*values),
            "StringLike": lambda values: rules.RegexMatch(_expression(values[0])),
            "Bool": lambda values: rules.Eq(values[0]),
            "IpAddress": lambda values: rules.Or(*map(rules.CIDR, values)),
            "NumericLessThan": lambda values: rules.Less(int(values[0])),
        }
        storage = vakt.MemoryStorage()
        for number, statement in enumerate(_statements(policies)):
            resources = [each for each in listed(statement["Resource"]) if "${" not in each]
            if not resources:
                self.left_out += 1
                continue
            policy = vakt.Policy(
                number,
                effect=statement["Effect"].lower(),
                subjects=[rules.Any()],
                actions=[rules.RegexMatch(_expression(each)) for each in listed(statement["Action"])],
                resources=[rules.RegexMatch(_expression(each)) for each in resources],
                context={key: make[operator](values) for operator, key, values in conditions(statement)},
            )
            storage.add(policy)
        self._guard = vakt.Guard(storage, vakt.RulesChecker())
        self._inquiry = vakt.Inquiry

    def prepare(self, asked: Asked) -> Any:
        context: dict[str, Any] = dict(asked.context)
        if "aws:MultiFactorAuthAge" in context:
            context["aws:MultiFactorAuthAge"] = int(context["aws:MultiFactorAuthAge"])
        return self._inquiry(subject=CALLER, action=asked.action, resource=asked.resource, context=context)

    def allows(self, prepared: Any) -> bool:
        return bool(self._guard.is_allowed_check(prepared))


ENGINES: list[type[Engine]] = [Iamd, Cedar, Casbin, Vakt, Moto]


def _statements(policies: list[str]) -> list[dict[str, Any]]:
    return [statement for text in policies for statement in json.loads(text)["Statement"]]


def _expression(pattern: str) -> str:
    """As a regular expression for the whole text."""
    return "^" + re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".") + "$"


def _like(name: str, patterns: list[str]) -> str:
    return "(" + " || ".join(f"context.{name} like {json.dumps(pattern)}" for pattern in patterns) + ")"


def _word(key: str) -> str:
    return key.partition(":")[2]


def _python_condition(operator: str, key: str, values: list[str]) -> Callable[[dict[str, str]], bool]:
    """What somebody who extends Casbin would write by hand."""
    networks = [ipaddress.ip_network(value) for value in values] if operator == "IpAddress" else []
    like = re.compile(_expression(values[0]))
    tests: dict[str, Callable[[str], bool]] = {
        "StringEquals": lambda value: value in values,
        "StringLike": lambda value: like.match(value) is not None,
        "Bool": lambda value: value == values[0],
        "IpAddress": lambda value: any(ipaddress.ip_address(value) in network for network in networks),
        "NumericLessThan": lambda value: float(value) < float(values[0]),
    }
    test = tests[operator]
    return lambda context: key in context and test(context[key])
