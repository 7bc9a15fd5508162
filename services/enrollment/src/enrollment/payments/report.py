"""The comparison for the last days: read both sides, mend what settling mends, and say what is left.

It finds what polling references cannot: money under references that are not ours, amounts that disagree, a charge
that was reversed after it was settled (deploy/adr/0014-comparing-with-paystack.md).
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TextIO

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from enrollment.models import Payment
from enrollment.payments.comparison import MENDABLE, Line, Ours, Theirs, compare
from enrollment.payments.reconcile import Cashier
from enrollment.paystack import PaystackError

log = structlog.get_logger(__name__)

#: What the daily run looks at.
SPAN = timedelta(days=3)
#: Our payment is a moment older than Paystack's transaction, and clocks differ.
MARGIN = timedelta(hours=1)
CHUNK = 500
COLUMNS = (
    "reference",
    "problem",
    "our_status",
    "our_minor",
    "paystack_status",
    "paystack_minor",
    "difference_minor",
    "currency",
)


def compare_with_paystack(cashier: Cashier, since: datetime, now: datetime) -> list[Line]:
    """Every reference begun since then over which money was taken; ``PaystackError``."""
    charges = cashier.paystack.list_transactions(since - MARGIN)
    theirs = [Theirs(one.reference, one.status, one.amount_minor, one.currency) for one in charges]
    lines = _compare(cashier, since, theirs)
    mendable = [line.reference for line in lines if line.problem in MENDABLE]
    for reference in mendable:
        try:
            cashier.settle_reference(reference, now)
        except PaystackError as error:
            log.warning("reference_not_mended", reference=reference, error=str(error))
    return _compare(cashier, since, theirs) if mendable else lines


def _compare(cashier: Cashier, since: datetime, theirs: Sequence[Theirs]) -> list[Line]:
    names = [one.reference for one in theirs]
    ours = cashier.database.run(lambda session: _read_ours(session, since, names))
    return compare(ours, theirs)


def _read_ours(session: Session, since: datetime, names: Sequence[str]) -> list[Ours]:
    columns = (Payment.reference, Payment.status, Payment.received_minor, Payment.received_currency, Payment.currency)
    paid = Payment.received_minor > 0
    found = list(session.execute(select(*columns).where(Payment.created_at >= since, paid)))
    for start in range(0, len(names), CHUNK):
        found += session.execute(select(*columns).where(Payment.reference.in_(names[start : start + CHUNK])))
    return [Ours(row.reference, row.status, row.received_minor, row.received_currency or row.currency) for row in found]


def run_daily(cashier: Cashier, now: datetime) -> int:
    """Compare the last days and log every disagreement; answers how many there are."""
    try:
        lines = compare_with_paystack(cashier, now - SPAN, now)
    except PaystackError as error:
        log.warning("money_not_compared", error=str(error), effect="the next run looks at the same days")
        return 0
    wrong = [line for line in lines if line.problem]
    for line in wrong:
        log.error("money_disagrees", **dict(zip(COLUMNS, _cells(line), strict=True)))
    log.info("money_compared", days=SPAN.days, references=len(lines), disagreeing=len(wrong))
    return len(wrong)


def _cells(line: Line) -> tuple[str | int, ...]:
    return (
        line.reference,
        line.problem or "",
        line.ours.status if line.ours else "",
        line.ours_minor,
        line.theirs.status if line.theirs else "",
        line.theirs_minor,
        line.difference_minor,
        line.currency,
    )


def write_csv(lines: Iterable[Line], out: TextIO) -> None:
    """One row a reference; amounts in minor units."""
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows([_inert(cell) for cell in _cells(line)] for line in lines)


def _inert(cell: str | int) -> str | int:
    """What a spreadsheet would run as a formula stays text: references of strangers are their choice."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@"} else cell


def write_table(lines: Sequence[Line], out: TextIO) -> None:
    """For people: aligned columns, then the sums by currency."""
    rows = [COLUMNS, *[tuple(map(str, _cells(line))) for line in lines]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for row in rows:
        out.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
    for currency in sorted({line.currency for line in lines}):
        same = [line for line in lines if line.currency == currency]
        ours, theirs = sum(line.ours_minor for line in same), sum(line.theirs_minor for line in same)
        out.write(f"{currency}: ours {ours}, Paystack {theirs}, difference {theirs - ours}\n")
