"""The models of posts and replies."""

from contracts.http.discussion import PostIn, PostOut, RepliesOut

__all__ = ["PostIn", "PostOut", "RepliesOut"]
