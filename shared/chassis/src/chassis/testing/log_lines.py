"""The log as operators read it: through the real processors, line by line, as JSON."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from chassis.logs import configure_logs
from chassis.settings import ServiceSettings

LogLines = Callable[[], list[dict[str, Any]]]


@contextmanager
def logged() -> Iterator[LogLines]:
    """Within the block logs are written as a service ``service`` writes them; answers what was written so far."""
    nowhere = SecretStr("nowhere")
    settings = ServiceSettings(
        database_url=nowhere, redis_url=nowhere, cache_redis_url=nowhere, service_token_secrets=(nowhere,)
    )
    root, written = logging.getLogger(), io.StringIO()
    level = root.level
    configure_logs(settings)
    (handler,) = [one for one in root.handlers if getattr(one, "edxelera", False)]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    try:
        yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
