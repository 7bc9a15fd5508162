"""The world that the contract's tests walk through."""

import pytest
from tests.platform.installation import Platform
from tests.platform.school import School
from tests.platform.world import World


@pytest.fixture(scope="module")
def world(platform: Platform, school: School) -> World:
    """People, payments, posts and certificates in every state that a call needs; what one module does to it stays there."""
    return World(platform, school)
