"""Bodies of the control API; every field is optional unless said otherwise, unknown ones are refused."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sandbox.paystack.cards import CARDS
from sandbox.paystack.disputes import OUTCOMES
from sandbox.paystack.errors import REFUSALS
from sandbox.paystack.outages import OUTAGES
from sandbox.paystack.refunds import STATUSES, STEPS
from sandbox.webhooks.faults import WEBHOOK_FAULTS


def _one_of(value: str, names: Any) -> str:
    if value not in names:
        msg = f"choose one of {', '.join(names)}"
        raise ValueError(msg)
    return value


class ControlModel(BaseModel):
    """Strict, so that a mistyped field does not silently do nothing."""

    model_config = ConfigDict(extra="forbid")


class PayIn(ControlModel):
    """Pay; amounts in subunits. ``amount``, ``currency`` and ``domain`` make the payment a wrong one."""

    card: str = "success"
    amount: int | None = Field(default=None, gt=0, lt=2**53)
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    domain: Literal["test", "live"] | None = None
    fees: int | None = Field(default=None, ge=0, lt=2**53)
    fees_passed_on: bool = False
    announce: bool = True
    force: bool = False

    @field_validator("card")
    @classmethod
    def _successful_card(cls, value: str) -> str:
        return _one_of(value, [name for name, card in CARDS.items() if card.status == "success"])


class MoveIn(ControlModel):
    """``force`` contradicts a final status."""

    force: bool = False


class OngoingIn(MoveIn):
    """Which of Paystack's unfinished statuses."""

    status: Literal["ongoing", "pending", "processing", "queued"] = "ongoing"


class RefundOutcomeIn(ControlModel):
    """What refunds of this transaction come to by themselves; manual: they stay pending."""

    outcome: str

    @field_validator("outcome")
    @classmethod
    def _known(cls, value: str) -> str:
        return _one_of(value, STEPS)


class RefundStatusIn(MoveIn):
    """The status to bring a refund to, now."""

    status: str

    @field_validator("status")
    @classmethod
    def _known(cls, value: str) -> str:
        return _one_of(value, STATUSES)


class BalanceIn(ControlModel):
    """What the merchant has for refunds, in subunits; null: endless."""

    available: int | None = Field(default=None, ge=0, lt=2**53)


class DisputeIn(ControlModel):
    """``amount`` in subunits, all by default."""

    amount: int | None = Field(default=None, gt=0, lt=2**53)
    category: Literal["chargeback", "fraud", "general"] = "chargeback"


class ResolutionIn(ControlModel):
    """won: the merchant keeps the money. lost, auto-accepted: the customer gets it back."""

    outcome: str

    @field_validator("outcome")
    @classmethod
    def _known(cls, value: str) -> str:
        return _one_of(value, OUTCOMES)


class EventIn(ControlModel):
    """Any event at all; ``event`` is required."""

    event: str = Field(min_length=1, max_length=100)
    data: dict[str, Any] = {}
    reference: str | None = None


class TransferRejectedIn(ControlModel):
    """A bank transfer Paystack sends back."""

    message_type: str = "INCORRECT_AMOUNT"
    amount: int | None = Field(default=None, gt=0, lt=2**53)


class FaultIn(ControlModel):
    """``next`` how many times it strikes; null: until it is withdrawn (the default with a reference)."""

    kind: str
    next: int | None = Field(default=None, ge=1, le=100_000)
    seconds: float = Field(default=5, ge=0, le=3600)


class WebhookFaultIn(FaultIn):
    """A fault for webhooks, of one reference or event if named."""

    reference: str | None = None
    event: str | None = None

    @field_validator("kind")
    @classmethod
    def _known(cls, value: str) -> str:
        return _one_of(value, WEBHOOK_FAULTS)


class OutageIn(FaultIn):
    """An outage of the Paystack API, of one call if named; ``error`` is the refusal of the kind ``refused``."""

    seconds: float = Field(default=5, ge=0, le=120)
    call: Literal["initialize", "verify", "list", "refund", "other"] | None = None
    status: int | None = Field(default=None, ge=200, le=599)
    error: str | None = None

    @field_validator("kind")
    @classmethod
    def _known(cls, value: str) -> str:
        return _one_of(value, OUTAGES)

    @field_validator("error")
    @classmethod
    def _documented(cls, value: str | None) -> str | None:
        return value if value is None else _one_of(value, REFUSALS)

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.kind == "refused") != (self.error is not None):
            msg = "an error is named with the kind 'refused', and with no other"
            raise ValueError(msg)
        return self
