"""The migrations make the tables that the models describe, and the two processes can be built."""

from collections.abc import Callable
from typing import Any

from chassis.database import Database
from chassis.testing import assert_migrations_match
from discussion.models import Base
from discussion.settings import DiscussionSettings
from discussion.worker import create_app as create_worker_app


def test_migrations_match_the_models(database_for: Callable[[str], Database]) -> None:
    database_for("discussion")
    assert_migrations_match("discussion", Base.metadata)


def test_the_worker_is_built_from_settings(settings_for: Callable[..., DiscussionSettings]) -> None:
    assert callable(create_worker_app(settings_for(DiscussionSettings)))


def test_every_call_of_the_contract_is_offered(app_of: Any) -> None:
    paths = app_of.openapi()["paths"]
    offered = {call["operationId"] for methods in paths.values() for call in methods.values()}
    assert offered >= {
        "getDiscussionThread",
        "createPost",
        "replyToPost",
        "getReplies",
        "setPinnedPost",
        "editPost",
        "deletePost",
        "reportPost",
        "setHiddenPost",
        "getReports",
    }
