"""Policies in words: the same text for the same policies, in the languages of the AWS Management Console.

https://docs.aws.amazon.com/awsconsolehelpdocs/latest/gsg/change-language.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from iamd.policy.catalog import find_service, service_names

MAX_LENGTH = 10_000  # characters
_ROOM_FOR_REST = 200  # of them for telling how much is left out


class _Words(NamedTuple):
    """What is said in one language."""

    allows: str
    denies: str
    resources: str
    condition: str
    all_actions: str
    all_of_service: str
    all_resources: str
    everything_but: str
    more: str


_LANGUAGES: Mapping[str, _Words] = {
    "en": _Words(
        "Allows",
        "Denies",
        "Resources",
        "Only if",
        "all actions of all services",
        "all actions of {}",
        "all resources",
        "everything except {}",
        "Further statements: {}",
    ),
    "de": _Words(
        "Erlaubt",
        "Verweigert",
        "Ressourcen",
        "Nur wenn",
        "alle Aktionen aller Services",
        "alle Aktionen von {}",
        "alle Ressourcen",
        "alles außer {}",
        "Weitere Anweisungen: {}",
    ),
    "es": _Words(
        "Permite",
        "Deniega",
        "Recursos",
        "Solo si",
        "todas las acciones de todos los servicios",
        "todas las acciones de {}",
        "todos los recursos",
        "todo excepto {}",
        "Otras instrucciones: {}",
    ),
    "fr": _Words(
        "Autorise",
        "Refuse",
        "Ressources",
        "Uniquement si",
        "toutes les actions de tous les services",
        "toutes les actions de {}",
        "toutes les ressources",
        "tout sauf {}",
        "Autres instructions : {}",
    ),
    "id": _Words(
        "Mengizinkan",
        "Menolak",
        "Sumber daya",
        "Hanya jika",
        "semua tindakan dari semua layanan",
        "semua tindakan dari {}",
        "semua sumber daya",
        "semuanya kecuali {}",
        "Pernyataan lainnya: {}",
    ),
    "it": _Words(
        "Consente",
        "Nega",
        "Risorse",
        "Solo se",
        "tutte le azioni di tutti i servizi",
        "tutte le azioni di {}",
        "tutte le risorse",
        "tutto tranne {}",
        "Altre istruzioni: {}",
    ),
    "ja": _Words(
        "許可",
        "拒否",
        "リソース",
        "条件",
        "すべてのサービスのすべてのアクション",
        "{} のすべてのアクション",
        "すべてのリソース",
        "次を除くすべて: {}",
        "その他のステートメント: {}",
    ),
    "ko": _Words(
        "허용",
        "거부",
        "리소스",
        "조건",
        "모든 서비스의 모든 작업",
        "{}의 모든 작업",
        "모든 리소스",
        "다음을 제외한 전체: {}",
        "기타 문: {}",
    ),
    "pt-br": _Words(
        "Permite",
        "Nega",
        "Recursos",
        "Somente se",
        "todas as ações de todos os serviços",
        "todas as ações de {}",
        "todos os recursos",
        "tudo exceto {}",
        "Outras instruções: {}",
    ),
    "zh-cn": _Words(
        "允许",
        "拒绝",
        "资源",
        "仅当",
        "所有服务的所有操作",
        "{} 的所有操作",
        "所有资源",
        "除以下内容之外的全部: {}",
        "其他语句: {}",
    ),
    "zh-tw": _Words(
        "允許",
        "拒絕",
        "資源",
        "僅當",
        "所有服務的所有動作",
        "{} 的所有動作",
        "所有資源",
        "除以下項目之外的全部: {}",
        "其他陳述式: {}",
    ),
}


def find_language(locale: str) -> str | None:
    """The language for a locale such as ``en``, ``en-US`` or ``pt_BR``; None for one that is not spoken here."""
    name = locale.lower().replace("_", "-")
    language = name.partition("-")[0]
    return next((each for each in (name, language) if each in _LANGUAGES), None)


def summarize(documents: Iterable[str], language: str) -> str:
    """What policies, of which each is one that AWS would save, allow and deny: a line for each statement."""
    words = _LANGUAGES[language]
    statements = [statement for document in documents for statement in _listed(json.loads(document)["Statement"])]
    lines: list[str] = []
    room = MAX_LENGTH - _ROOM_FOR_REST
    for number, statement in enumerate(statements, 1):
        line = f"{number}. {_describe(statement, words)}"
        lines.append(line if len(line) <= room else line[:room] + "…")
        room -= len(line) + 1
        if room <= 0:
            break
    left = len(statements) - len(lines)
    return "\n".join([*lines, words.more.format(left)] if left else lines)


def _describe(statement: Mapping[str, Any], words: _Words) -> str:
    allows = statement["Effect"].lower() == "allow"
    parts = [f"{words.allows if allows else words.denies}: {_actions(statement, words)}"]
    for element, form in (("Resource", "{}"), ("NotResource", words.everything_but)):
        if element in statement:
            listed = _listed(statement[element])
            named = words.all_resources if "*" in listed else ", ".join(listed)
            parts.append(f"{words.resources}: {form.format(named)}")
    conditions = ", ".join(_conditions(statement.get("Condition", {})))
    if conditions:
        parts.append(f"{words.condition}: {conditions}")
    return ". ".join(parts) + "."


def _actions(statement: Mapping[str, Any], words: _Words) -> str:
    """The actions by service, in the order in which the services are first named."""
    excluded = "NotAction" in statement
    by_service: dict[str, list[str]] = {}
    for action in _listed(statement["NotAction" if excluded else "Action"]):
        namespace, _, name = action.partition(":")
        by_service.setdefault(namespace.lower(), []).append(name)
    told = "; ".join(_service(namespace, names, words) for namespace, names in by_service.items())
    return words.everything_but.format(told) if excluded else told


def _service(namespace: str, names: list[str], words: _Words) -> str:
    if namespace == "*":
        return words.all_actions
    service = service_names().get(namespace, namespace)
    if "*" in names:
        return words.all_of_service.format(service)
    known = find_service(namespace)
    spelled = {} if known is None else {name: action.name for name, action in known.actions.items()}
    return f"{service} ({', '.join(spelled.get(name.lower(), name) for name in names)})"


def _conditions(element: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for operator, keys in element.items():
        for key, values in keys.items():
            told = ", ".join(value if isinstance(value, str) else json.dumps(value) for value in _listed(values))
            yield f"{key} {operator} {told}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
