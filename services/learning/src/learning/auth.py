"""Who may call learning: students and staff by their access tokens, media by a service token.

Whether a caller is staff *of a program* or enrolled in it is decided by `learning.access`.
"""

from chassis.auth import AsAdmin, AsCaller, AsService, AsStaff, Caller, StaffOnly

__all__ = ["AsAdmin", "AsCaller", "AsService", "AsStaff", "Caller", "StaffOnly"]
