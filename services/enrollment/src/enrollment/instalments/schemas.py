"""The HTTP models of this slice (they live in contracts, for the typed client)."""

from contracts.http.instalments import BillingInstalment, InstalmentOffer, InstalmentPlan

__all__ = ["BillingInstalment", "InstalmentOffer", "InstalmentPlan"]
