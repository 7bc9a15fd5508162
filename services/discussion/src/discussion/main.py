"""Discussion's API process."""

from fastapi import FastAPI

from chassis.app import create_service
from discussion.moderation.api import router as moderation
from discussion.posts.api import router as posts
from discussion.rooms.api import router as rooms
from discussion.settings import DiscussionSettings
from discussion.threads.api import router as threads


def create_app(settings: DiscussionSettings | None = None) -> FastAPI:
    """The application behind `uvicorn discussion.main:create_app --factory`."""
    return create_service(
        settings or DiscussionSettings(),
        title="EdXelera discussion",
        routers=[threads, posts, moderation, rooms],
    )
