"""Every service that keeps projections, and the archive that they are built from."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.archive.world import World

from chassis.database import Database
from chassis.testing.schemas import TestSchema


@pytest.fixture
def world(schema_for: Callable[[str], TestSchema], database_for: Callable[[str], Database]) -> Any:
    """Nothing has happened yet."""
    return World(schema_for, database_for)
