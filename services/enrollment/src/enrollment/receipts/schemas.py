"""The HTTP models of this slice (they live in contracts, for the typed client)."""

from contracts.http.enrollment import PaymentHistoryOut, PaymentInHistory, PaymentRefund

__all__ = ["PaymentHistoryOut", "PaymentInHistory", "PaymentRefund"]
