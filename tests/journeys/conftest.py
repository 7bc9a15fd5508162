"""The worlds that the contract's tests walk through."""

import pytest
from tests.platform.installation import Platform
from tests.platform.school import School
from tests.platform.world import World


@pytest.fixture(scope="session")
def world(platform: Platform, school: School) -> World:
    """One of everything that a call needs."""
    return World(platform, school)


@pytest.fixture(scope="session")
def rough_world(platform: Platform, school: School) -> World:
    """Another one, for tests that may break what is in it."""
    return World(platform, school)
