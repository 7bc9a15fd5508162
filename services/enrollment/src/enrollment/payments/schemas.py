"""The HTTP models of this slice (they live in contracts, for the typed client)."""

from contracts.http.enrollment import (
    AdminPaymentDetailOut,
    AdminPaymentsOut,
    BillingOut,
    CheckoutIn,
    CheckoutOut,
    PaymentOut,
    PaymentStatus,
    RefundIn,
)

__all__ = [
    "AdminPaymentDetailOut",
    "AdminPaymentsOut",
    "BillingOut",
    "CheckoutIn",
    "CheckoutOut",
    "PaymentOut",
    "PaymentStatus",
    "RefundIn",
]
