"""The platform for tests across services: one that runs already, else one that this run starts, stops and wipes.

Whatever uses it runs in one xdist worker (``--dist=loadgroup``), so that no other worker starts a second one.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.platform.installation import Platform, attach, started
from tests.platform.school import School, open_school

#: Names the environment file (``.local/env``) of a platform that ``make up`` started.
ENV_FILE_KEY = "EDX_PLATFORM_ENV_FILE"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before xdist reads the groups."""
    for item in items:
        if "platform" in getattr(item, "fixturenames", ()):
            item.add_marker("platform")
            item.add_marker(pytest.mark.xdist_group("platform"))


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """The whole platform, ready and seeded."""
    with ExitStack() as stack:
        given = os.environ.get(ENV_FILE_KEY)
        yield attach(stack, Path(given)) if given else started(stack)


@pytest.fixture(scope="session")
def school(platform: Platform) -> Iterator[School]:
    """Programs and cohorts of these tests' own, taken off the shelf at the end."""
    with open_school(platform) as school:
        yield school
