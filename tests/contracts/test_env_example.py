"""`.env.example` against the code: every key that is read is explained there, with its real default and readers."""

import importlib
import re
import types
import typing
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from chassis.settings import ServiceSettings, environment_key

ROOT = Path(__file__).resolve().parents[2]
UNITS = ("gateway", "enrollment", "learning", "media", "certificates", "discussion")

Entry = tuple[str, str, str]

#: Keys that no settings class reads: what they are, and the file that reads them.
OTHER: dict[str, Entry] = {
    **{
        f"EDX_{unit.upper()}_MIGRATION_DATABASE_URL": ("text", "required", "python -m chassis.migrate")
        for unit in UNITS
    },
    "EDX_DATABASE_ADMIN_URL": ("text", "default none", "edxelera db bootstrap"),
    "GATEWAY_PORT": ("number", "default 8080", "docker compose"),
    "SANDBOX_PORT": ("number", "default 8090", "docker compose"),
    "S3_PORT": ("number", "default 8191", "docker compose"),
    "EDXELERA_LOCAL": ("path", "default .local", "edxelera"),
    "EDX_DEMO_URL": ("text", "default none", "edxelera demo"),
    "EDX_DEMO_STAFF_EMAIL": ("text", "default none", "edxelera demo"),
    "EDX_DEMO_STAFF_PASSWORD": ("text", "default none", "edxelera demo"),
    "EDX_TEST_BACKENDS": ("auto|testcontainers|local", "default auto", "make test"),
    "EDX_TEST_MYSQL_URL": ("text", "default none", "make test"),
    "EDX_TEST_REDIS_URL": ("text", "default none", "make test"),
}
_READERS = {
    "python -m chassis.migrate": "shared/chassis/src/chassis/migrate.py",
    "edxelera db bootstrap": "deploy/operator/src/edxelera/main.py",
    "docker compose": "docker-compose.yml",
    "edxelera": "deploy/operator/src/edxelera/home.py",
    "edxelera demo": "deploy/operator/src/edxelera/main.py",
    "make test": "shared/chassis/src/chassis/testing/backends.py",
}


def settings_of(package: str) -> type[BaseSettings]:
    """The settings class that the package's processes read: the most specific one in its settings module."""
    module = importlib.import_module(f"{package}.settings")
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseSettings) and value.__module__ == module.__name__
    ]
    return max(classes, key=lambda each: len(each.__mro__))


def key_of(settings: type[BaseSettings], name: str) -> str:
    if issubclass(settings, ServiceSettings):
        return environment_key(settings, name)
    return f"{settings.model_config['env_prefix']}{name.upper()}"


def kind_of(annotation: object) -> str:
    """The type as a person would say it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return "|".join(map(str, arguments))
    if origin in (typing.Union, types.UnionType):
        return next(kind_of(each) for each in arguments if each is not type(None))
    if origin is typing.Annotated:
        return kind_of(arguments[0])
    if origin is tuple:
        return "comma-separated list"
    names = {int: "number", float: "number", bool: "true|false", Path: "path"}
    return names.get(annotation, "text")  # type: ignore[call-overload, no-any-return]


def default_of(field: FieldInfo) -> str:
    """``required``, or the default as it would be written into the file."""
    if field.default is PydanticUndefined and field.default_factory is None:
        return "required"
    value = field.get_default(call_default_factory=True)
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if value in (None, "", ()):
        return "default none"
    return "default " + (",".join(map(_written, value)) if isinstance(value, tuple) else _written(value))


def _written(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def catalogue() -> dict[str, Entry]:
    """Every key of every settings class: its type, its default, who reads it."""
    found: dict[str, tuple[str, str, list[str]]] = {}
    for package in (*UNITS, "sandbox"):
        settings = settings_of(package)
        for name, field in settings.model_fields.items():
            key = key_of(settings, name)
            found.setdefault(key, (kind_of(field.annotation), default_of(field), []))[2].append(package)
    return {
        key: (kind, default, "all units" if len(readers) == len(UNITS) else ", ".join(readers))
        for key, (kind, default, readers) in found.items()
    }


def explained() -> dict[str, tuple[str, Entry]]:
    """Every key of the file, with its explanation and its facts."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    pattern = re.compile(
        r"^# (?P<words>.+)\n# (?P<kind>[^;\n]+); (?P<default>[^;\n]+); (?P<readers>[^;\n]+)\n(?P<key>[A-Z0-9_]+)=", re.M
    )
    return {
        match["key"]: (match["words"], (match["kind"], match["default"], match["readers"]))
        for match in pattern.finditer(text)
    }


@pytest.fixture(scope="module")
def read() -> dict[str, Entry]:
    return catalogue() | OTHER


def test_every_key_that_is_read_is_explained(read: dict[str, Entry]) -> None:
    assert sorted(read.keys() - explained().keys()) == []


def test_every_key_that_is_explained_is_read(read: dict[str, Entry]) -> None:
    keys = re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.M)
    assert sorted(set(keys) - read.keys()) == []
    assert len(keys) == len(set(keys)), "a key stands twice"


def test_types_defaults_and_readers_are_the_real_ones(read: dict[str, Entry]) -> None:
    assert {key: facts for key, (_, facts) in explained().items()} == read


def test_a_copied_example_changes_nothing() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "=" in line and not line.startswith("#") and not line.endswith("=")] == []


@pytest.mark.parametrize("key", OTHER)
def test_keys_without_a_settings_class_are_read_where_it_says(key: str) -> None:
    content = (ROOT / _READERS[OTHER[key][2]]).read_text(encoding="utf-8")
    wanted = "_MIGRATION_DATABASE_URL" if key.endswith("_MIGRATION_DATABASE_URL") else key
    assert wanted in content
