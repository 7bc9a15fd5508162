"""Paystack as we use it: a client that tolerates what it answers, and the facts we take from it.

PaystackError
 ├─ ProviderRefused      it understood and said no: nothing has happened there
 └─ ProviderUnavailable  no usable answer: whether anything happened there is unknown
     └─ ProviderUnreachable  no connection: nothing was sent
"""

from enrollment.paystack.client import Paystack
from enrollment.paystack.errors import PaystackError, ProviderRefused, ProviderUnavailable, ProviderUnreachable
from enrollment.paystack.facts import Charge, Checkout, DisputeNotice, ProviderRefund, RefundNotice

__all__ = [
    "Charge",
    "Checkout",
    "DisputeNotice",
    "Paystack",
    "PaystackError",
    "ProviderRefund",
    "ProviderRefused",
    "ProviderUnavailable",
    "ProviderUnreachable",
    "RefundNotice",
]
