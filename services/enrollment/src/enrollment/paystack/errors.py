"""What can go wrong between Paystack and us."""


class PaystackError(Exception):
    """Base of what the client raises."""


class ProviderRefused(PaystackError):
    """Paystack understood the request and said no; ``code`` is its own, or empty."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"Paystack refused ({status} {code or 'without a code'}): {message}")
        self.status = status
        self.code = code
        self.message = message

    @property
    def is_duplicate_reference(self) -> bool:
        """The reference exists already (facts: code, or only the message)."""
        return self.code == "duplicate_reference" or "duplicate transaction reference" in self.message.lower()

    @property
    def is_unknown_transaction(self) -> bool:
        """There is no such transaction (facts: 404, or 400 with a code; some carry only a message)."""
        return (
            self.status == 404
            or self.code in {"transaction_not_found", "not_found"}
            or "transaction reference not found" in self.message.lower()
        )

    @property
    def is_fully_reversed(self) -> bool:
        """All the money of this transaction has gone back already."""
        return "fully reversed" in self.message.lower()

    @property
    def may_pass_later(self) -> bool:
        """A refund that needs a top-up of our balance first."""
        return "insufficient balance" in self.message.lower()


class ProviderUnavailable(PaystackError):
    """No usable answer: a time-out, a lost connection, 429, 5xx, or rubbish. ``retry_after`` is in seconds."""

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProviderUnreachable(ProviderUnavailable):
    """No connection could be made, so nothing was sent."""
