"""Who may call media: students and staff by their access tokens; learning is asked for the rest."""

from chassis.auth import AsCaller, AsStaff, Caller

__all__ = ["AsCaller", "AsStaff", "Caller"]
