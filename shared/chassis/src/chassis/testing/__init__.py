"""What tests of every service share. The fixtures come by themselves: ``chassis.testing.plugin`` is a pytest plugin.

The names below are loaded on first use: the plugin is loaded in every test run, also in those that need no service.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chassis.testing.messaging import deliver, published
    from chassis.testing.queries import count_queries
    from chassis.testing.schemas import assert_migrations_match
    from chassis.testing.waiting import eventually

__all__ = ["assert_migrations_match", "count_queries", "deliver", "eventually", "published"]

_HOMES = {
    "assert_migrations_match": "schemas",
    "count_queries": "queries",
    "deliver": "messaging",
    "eventually": "waiting",
    "published": "messaging",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"chassis.testing.{_HOMES[name]}"), name)
    raise AttributeError(name)
