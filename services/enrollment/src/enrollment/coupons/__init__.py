"""Coupons: a discount for whoever knows the code, as long as its dates and its uses last."""
