"""The schema that the migrations make is the one that the models describe."""

from collections.abc import Callable

from chassis.database import Database
from chassis.testing import assert_migrations_match
from learning.models import Base


def test_migrations_from_empty_make_what_the_models_describe(database_for: Callable[[str], Database]) -> None:
    database_for("learning")
    assert_migrations_match("learning", Base.metadata)
