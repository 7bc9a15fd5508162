"""The HTTP models of this slice (they live in contracts, for the typed client)."""

from contracts.http.enrollment import CanEnrollOut, ProgramOut, ProgramsOut

__all__ = ["CanEnrollOut", "ProgramOut", "ProgramsOut"]
