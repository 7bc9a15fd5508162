"""What every service needs and none should write twice. See the modules by name."""

import sys


def _load_without(*unwanted: str) -> None:
    """structlog and httpx load these where they are installed (the operator's command needs them), for a console and a
    command line that no process of a service has: 5 MB in each of them.
    """
    absent = [name for name in unwanted if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        import httpx  # noqa: F401
        import structlog  # noqa: F401
    finally:
        for name in absent:
            del sys.modules[name]


_load_without("rich", "pygments")
