"""Every refusal of the Paystack API, as rows: HTTP status, message, type, code, next step."""

from typing import Any, NamedTuple


class Refusal(NamedTuple):
    """One documented way in which Paystack says no."""

    http_status: int
    message: str
    type: str | None = None
    code: str | None = None
    next_step: str | None = None


VALIDATION = "validation_error"
CHECK_VALUES = "Ensure that the value(s) you're passing are valid."

REFUSALS: dict[str, Refusal] = {
    "missing_key": Refusal(401, "No Authorization Header was found"),
    "malformed_key": Refusal(401, "Format is Authorization Bearer [secret key]"),
    "invalid_key": Refusal(401, "Invalid key"),
    "malformed_body": Refusal(400, "The request body is not a JSON object", VALIDATION, "invalid_params", CHECK_VALUES),
    "missing_email": Refusal(
        400, "Email is required", VALIDATION, "missing_params", "Pass the customer's email address and try again"
    ),
    "invalid_email": Refusal(400, "Invalid Email Address Passed", VALIDATION, "invalid_params", CHECK_VALUES),
    "missing_amount": Refusal(
        400, "Amount is required", VALIDATION, "missing_params", "Pass the amount in subunits and try again"
    ),
    "invalid_amount": Refusal(
        400, "Amount must be an integer", VALIDATION, "invalid_params", "Pass the amount in subunits, as an integer"
    ),
    "small_amount": Refusal(
        400,
        "Amount is less than the minimum allowed: {minimum}",
        VALIDATION,
        "invalid_params",
        "Increase the amount to the minimum or above",
    ),
    "large_amount": Refusal(
        400, "Transaction amount limit exceeded", VALIDATION, "invalid_params", "Try again with a lower amount"
    ),
    "currency": Refusal(
        400,
        "Currency not supported by merchant",
        VALIDATION,
        "invalid_params",
        "Pass a currency that is enabled on your integration: {currencies}",
    ),
    "reference": Refusal(
        400,
        "Invalid character in transaction reference",
        VALIDATION,
        "invalid_params",
        "Only -, ., = and alphanumeric characters are allowed",
    ),
    "duplicate_reference": Refusal(
        400,
        "Duplicate Transaction Reference",
        VALIDATION,
        "duplicate_reference",
        "Try and create the Transaction or Charge with a new reference",
    ),
    "channels": Refusal(
        400, "Invalid channels passed", VALIDATION, "invalid_params", "Pass a list of channels among: {channels}"
    ),
    "callback_url": Refusal(
        400, "Invalid callback URL passed", VALIDATION, "invalid_params", "Pass an http or https URL"
    ),
    "metadata": Refusal(
        400,
        "Invalid metadata passed",
        VALIDATION,
        "invalid_params",
        "Pass metadata as an object or as stringified JSON",
    ),
    "filter": Refusal(400, "Invalid value for '{name}'", VALIDATION, "invalid_params", CHECK_VALUES),
    "transaction_not_found": Refusal(
        404,
        "Transaction reference not found.",
        VALIDATION,
        "transaction_not_found",
        "Ensure that you're passing the reference of a transaction that exists on this integration",
    ),
    "missing_transaction": Refusal(
        400, "Transaction is required", VALIDATION, "missing_params", "Pass a transaction reference or id"
    ),
    "not_refundable": Refusal(
        400,
        "Only a successful transaction can be refunded; this one is {status}",
        VALIDATION,
        "invalid_params",
        "Verify the transaction before refunding it",
    ),
    "fully_reversed": Refusal(400, "Transaction has been fully reversed"),
    "refund_too_large": Refusal(
        400,
        "Refund amount cannot be more than the amount left to refund: {left}",
        VALIDATION,
        "invalid_params",
        "Pass a lower amount",
    ),
    "refund_currency": Refusal(
        400, "Refund currency must be the transaction's: {currency}", VALIDATION, "invalid_params", CHECK_VALUES
    ),
    "insufficient_balance": Refusal(400, "Insufficient balance to fulfill this refund. Please top up."),
    "refund_not_found": Refusal(404, "Refund not found", VALIDATION, "not_found", CHECK_VALUES),
    "refund_state": Refusal(
        422,
        'Invalid Refund state, refund status should be "needs-attention"',
        VALIDATION,
        "invalid_params",
        CHECK_VALUES,
    ),
    "refund_account": Refusal(
        400,
        "refund_account_details needs currency, account_number and bank_id",
        VALIDATION,
        "missing_params",
        "Pass the bank account to which the customer wants the money",
    ),
    "rate_limited": Refusal(429, "Please wait a few minutes and try again.", "api_error", "unknown"),
    "unknown_path": Refusal(404, "Cannot {method} {path}", "api_error", "not_found"),
    "internal": Refusal(500, "An error occurred", "api_error", "unknown", "Look at the sandbox's log"),
}


class _Facts(dict[str, object]):
    """A refusal that was ordered names nothing in particular."""

    def __missing__(self, name: str) -> str:
        return f"({name})"


class PaystackRefusal(Exception):
    """Raised to answer one row of REFUSALS, its braces filled in."""

    def __init__(self, name: str, /, **facts: object) -> None:
        self.name = name
        self.row = REFUSALS[name]
        self.facts = _Facts(facts)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """What the caller reads."""
        return self.row.message.format_map(self.facts)

    def document(self) -> dict[str, Any]:
        """The answer's body; some refusals carry status and message only."""
        body: dict[str, Any] = {"status": False, "message": self.message}
        if self.row.next_step:
            body["meta"] = {"nextStep": self.row.next_step.format_map(self.facts)}
        if self.row.type:
            body["type"] = self.row.type
        if self.row.code:
            body["code"] = self.row.code
        return body
