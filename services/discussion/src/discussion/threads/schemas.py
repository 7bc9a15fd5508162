"""The models of threads."""

from contracts.http.discussion import DiscussionOut, PostIn, PostOut, ThreadCohortOut, ThreadOut

__all__ = ["DiscussionOut", "PostIn", "PostOut", "ThreadCohortOut", "ThreadOut"]
