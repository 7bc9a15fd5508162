"""The platform for tests across services: one that runs already, else one that this run starts, stops and wipes.

Whatever uses it lies in a folder of ``tests.platform.scheduling.FOLDERS`` and so runs in one xdist worker: no other
worker starts a second one.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.platform.installation import Platform, attach, started
from tests.platform.scheduling import FOLDERS, PlatformTogether
from tests.platform.school import School, open_school

#: Names the environment file (``.local/env``) of a platform that ``make up`` started.
ENV_FILE_KEY = "EDX_PLATFORM_ENV_FILE"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """``-m "not platform"`` leaves out what needs it; what needs it must lie where the scheduler knows."""
    for item in items:
        if "platform" in getattr(item, "fixturenames", ()):
            item.add_marker("platform")
            if not item.nodeid.startswith(FOLDERS):
                raise pytest.UsageError(
                    f"{item.nodeid} uses the platform: add its folder to tests/platform/scheduling.py"
                )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of the platform stay together. (xdist 3.8's own groups do nothing with pytest 9.2.)"""
    if config.getvalue("dist") != "load":
        return None
    return PlatformTogether(config, log)


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
