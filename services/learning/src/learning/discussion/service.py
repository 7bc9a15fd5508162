"""Following discussion's events: how many posts a week has, and when the last was written."""

from sqlalchemy.orm import Session

from contracts.events import PostCreated, PostModerated
from learning import cached
from learning.discussion import repository


def keep_post(session: Session, event: PostCreated) -> None:
    """Somebody posted."""
    repository.note_created(session, event)
    cached.discussion_changed(session, event.program_slug, event.week_number)


def keep_moderation(session: Session, event: PostModerated) -> None:
    """Somebody deleted a post, hid it or showed it again; pins change no numbers."""
    if event.action == "deleted":
        repository.note_deleted(session, event)
    elif event.action in {"hidden", "unhidden"}:
        repository.note_hidden(session, event, hidden=event.action == "hidden")
    else:
        return
    cached.discussion_changed(session, event.program_slug, event.week_number)
