"""The HTTP models of this slice (they live in contracts, for the typed client)."""

from contracts.http.enrollment import CohortChangeOut, CohortIn, CohortOut, CohortPatch, CohortsOut

__all__ = ["CohortChangeOut", "CohortIn", "CohortOut", "CohortPatch", "CohortsOut"]
