"""Who may call: owners for their certificates, staff of the program to revoke and correct, anybody to verify."""

from chassis.auth import AsCaller, AsStaff, Caller

__all__ = ["AsCaller", "AsStaff", "Caller"]
