"""What the API and the worker build from the settings alike."""

from enrollment.payments.settle import Terms
from enrollment.paystack import Paystack
from enrollment.receipts.service import Issuer
from enrollment.settings import EnrollmentSettings


def open_paystack(settings: EnrollmentSettings) -> Paystack:
    """The client of Paystack; the first of the keys calls."""
    key = settings.paystack_secret_keys[0].get_secret_value()
    return Paystack(settings.paystack_base_url, key, timeout=settings.paystack_timeout_seconds)


def terms_of(settings: EnrollmentSettings) -> Terms:
    """What the work on money needs of the settings."""
    return Terms(
        domain=settings.paystack_domain,
        grace=settings.checkout_grace,
        reminder_days=settings.reminder_days,
    )


def issuer_of(settings: EnrollmentSettings) -> Issuer:
    """Who stands on receipts."""
    return Issuer(
        name=settings.issuer_name,
        address=settings.issuer_lines,
        tax_id=settings.issuer_tax_id,
        support_email=settings.support_email,
        public_url=settings.public_url,
    )
