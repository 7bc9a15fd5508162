"""Refusals about payments."""

from chassis.errors import BadGateway, Unprocessable
from enrollment.paystack import PaystackError, ProviderUnavailable


class PaymentProviderUnavailable(BadGateway):
    code = "payment_provider_unavailable"
    title = "The payment provider does not answer"

    @classmethod
    def after(cls, error: PaystackError) -> "PaymentProviderUnavailable":
        """The refusal that a failed call to Paystack becomes."""
        seconds = error.retry_after if isinstance(error, ProviderUnavailable) else 30
        return cls(
            "The payment provider cannot be used right now. Nothing was charged; try again in a moment.",
            headers={"Retry-After": str(seconds)},
        )


class EmailMissing(Unprocessable):
    code = "email_required"
    title = "Paying needs an e-mail address"
