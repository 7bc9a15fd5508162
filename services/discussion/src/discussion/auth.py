"""Who may call discussion: people with an access token. What they may do is for the policies."""

from chassis.auth import AsCaller, Caller, StaffOnly

__all__ = ["AsCaller", "Caller", "StaffOnly"]
