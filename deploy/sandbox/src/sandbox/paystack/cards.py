"""The ways to pay on the checkout page: Paystack's test cards and wallets, one row each."""

from typing import NamedTuple


class PaymentMethod(NamedTuple):
    """What a customer may pay with, and what comes of it.

    ``status`` is the transaction's status afterwards, ``refund_outcome`` what a later refund comes to.
    """

    label: str
    number: str
    details: str
    status: str
    gateway_response: str
    channel: str = "card"
    refund_outcome: str = "processed"
    currencies: tuple[str, ...] = ()

    @property
    def grouped(self) -> str:
        """The number as it stands on a card, four digits at a time; wallets as they are."""
        if self.channel != "card":
            return self.number
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))

    @property
    def last4(self) -> str:
        """The last four digits, as the authorization shows them."""
        return self.number[-4:]


CARDS: dict[str, PaymentMethod] = {
    "success": PaymentMethod("Card that succeeds", "4084084084084081", "CVV 408", "success", "Successful"),
    "pin": PaymentMethod("Card with a PIN", "507850785078507812", "CVV 081, PIN 1111", "success", "Approved"),
    "pin-otp": PaymentMethod(
        "Card with a PIN and an OTP", "5060666666666666666", "CVV 123, PIN 1234, OTP 123456", "success", "Approved"
    ),
    "refund-fails": PaymentMethod(
        "Card whose refund fails",
        "4084080000671803",
        "CVV 180",
        "success",
        "Successful",
        refund_outcome="failed",
    ),
    "refund-needs-attention": PaymentMethod(
        "Card whose refund needs attention",
        "4084080000671902",
        "CVV 190",
        "success",
        "Successful",
        refund_outcome="needs-attention",
    ),
    "m-pesa": PaymentMethod(
        "M-Pesa", "+254710000000", "Kenya", "success", "Approved", channel="mobile_money", currencies=("KES",)
    ),
    "mtn": PaymentMethod(
        "MTN Mobile Money", "0551234987", "Ghana", "success", "Approved", channel="mobile_money", currencies=("GHS",)
    ),
    "transfer": PaymentMethod(
        "Bank transfer that is still on its way",
        "0123456789",
        "stays pending until the control API settles it",
        "pending",
        "Waiting for the transfer",
        channel="bank_transfer",
    ),
    "declined": PaymentMethod("Card that is declined", "4084080000005408", "CVV 001", "failed", "Declined"),
    "insufficient-funds": PaymentMethod(
        "Card without enough money", "4084080000670037", "CVV 787", "failed", "Insufficient Funds"
    ),
}


def offered(currency: str, channels: tuple[str, ...]) -> dict[str, PaymentMethod]:
    """The rows that a checkout in this currency, restricted to these channels, shows."""
    return {
        name: card
        for name, card in CARDS.items()
        if (not card.currencies or currency in card.currencies) and (not channels or card.channel in channels)
    }
