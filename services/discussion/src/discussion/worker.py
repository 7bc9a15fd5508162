"""Discussion's worker process: relays its events and takes in those of others."""

from typing import Any

from chassis.messaging import create_worker
from discussion.events import consumers
from discussion.settings import DiscussionSettings


def create_app(settings: DiscussionSettings | None = None) -> Any:
    """The application behind `uvicorn discussion.worker:create_app --factory`."""
    return create_worker(settings or DiscussionSettings(), consumers)
