"""Which worker of pytest-xdist runs what: all that needs a platform goes to one, the rest to whoever is free."""

from xdist.scheduler import LoadScopeScheduling

#: Tests that use the ``platform`` fixture lie here, and those that start a platform of their own. The faults come
#: first, before the ``platform`` fixture has started one that would stand beside theirs.
FOLDERS = ("tests/faults/", "tests/journeys/", "tests/monitoring/", "tests/observability/")


class PlatformTogether(LoadScopeScheduling):  # type: ignore[misc]
    """One scope for the platform, begun first because it is the largest; one for each other test."""

    def _split_scope(self, nodeid: str) -> str:
        return "platform" if nodeid.startswith(FOLDERS) else nodeid
