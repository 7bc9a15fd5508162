"""The HTTP models of this slice (they live in contracts, for the typed client)."""

from contracts.http.enrollment import AdminEnrollmentOut, EnrollmentsOut, GrantIn, RevokeIn

__all__ = ["AdminEnrollmentOut", "EnrollmentsOut", "GrantIn", "RevokeIn"]
