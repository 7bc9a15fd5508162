"""The migrations, run from empty, make the schema that the models describe."""

from collections.abc import Callable

from chassis.database import Database
from chassis.testing import assert_migrations_match
from enrollment.models import Base


def test_migrations_match_the_models(database_for: Callable[[str], Database]) -> None:
    database_for("enrollment")
    assert_migrations_match("enrollment", Base.metadata)
