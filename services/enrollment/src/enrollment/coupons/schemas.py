"""The HTTP models of this slice (they live in contracts, for the typed client)."""

from contracts.http.coupons import CouponIn, CouponOut, CouponPatch, CouponsOut, PriceOut

__all__ = ["CouponIn", "CouponOut", "CouponPatch", "CouponsOut", "PriceOut"]
