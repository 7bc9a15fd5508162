"""What the OpenTelemetry tests run in processes of their own: an API and a worker, configured by their environment."""

from typing import Any, ClassVar

from example_service import ExampleSettings
from example_service import create_app as create_example
from sqlalchemy.orm import Session
from starlette.types import ASGIApp

from chassis.messaging import Consumers, create_worker
from chassis.settings import ServiceSettings
from contracts.events import VideoReady

consumers = Consumers("learning")


class LearningSettings(ServiceSettings):
    """Of the worker, which has the tests' own schema."""

    service: ClassVar[str] = "learning"


@consumers.on(VideoReady, as_="learning.watch")
def watch(session: Session, event: VideoReady) -> None:
    """Take it in, and do nothing."""


def create_api() -> Any:
    """The example service."""
    return create_example(ExampleSettings())


def create_consumer() -> ASGIApp:
    """A worker that consumes media's stream."""
    return create_worker(LearningSettings(), consumers)
