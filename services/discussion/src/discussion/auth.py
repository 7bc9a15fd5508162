"""Who may call discussion: people with an access token. What they may do is for the policies."""

from fastapi import Depends, Response

from chassis.auth import AsCaller, Caller, StaffOnly

__all__ = ["PRIVATE", "AsCaller", "Caller", "StaffOnly"]


async def _no_store(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


PRIVATE = Depends(_no_store)
"""Answers hold what people wrote to each other: no browser and no proxy keeps them."""
