"""``python -m enrollment.money``: the operator's hands on webhooks, and the comparison with Paystack.

webhooks [--status failed] [--reference R]              what is stored
replay (ID… | --reference R | --failed) --by --reason   process it again
report [--days 3] [--all] [--csv FILE]                  ours, Paystack's, difference; 1 when they disagree
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from chassis.clock import Clock, utc_now
from chassis.database import Database
from enrollment.parts import open_paystack, terms_of
from enrollment.payments.reconcile import Cashier
from enrollment.payments.report import compare_with_paystack, write_csv, write_table
from enrollment.paystack import PaystackError
from enrollment.settings import EnrollmentSettings
from enrollment.webhooks.replay import Which, list_deliveries, replay


def main(
    arguments: Sequence[str] | None = None, settings: EnrollmentSettings | None = None, clock: Clock = utc_now
) -> int:
    """Run one command; answers the exit status. Settings come from the environment (``EDX_…``)."""
    options = _parser().parse_args(arguments)
    settings = settings or EnrollmentSettings()
    database = Database(settings.database_url.get_secret_value(), 2)
    paystack = open_paystack(settings)
    try:
        status: int = options.run(Cashier(database, paystack, terms_of(settings)), options, clock)
        return status
    except PaystackError as error:
        sys.stderr.write(f"Paystack cannot be asked: {error}. Nothing was changed; try again in a moment.\n")
        return 2
    finally:
        paystack.close()
        database.dispose()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m enrollment.money", description="Webhooks and reconciliation.")
    commands = parser.add_subparsers(required=True, metavar="webhooks|replay|report")
    shown = commands.add_parser("webhooks", help="list stored webhooks, newest first")
    shown.add_argument("--status", choices=["received", "processed", "ignored", "failed"])
    shown.add_argument("--reference")
    shown.add_argument("--limit", type=int, default=50)
    shown.set_defaults(run=_show)
    again = commands.add_parser("replay", help="process stored webhooks again")
    again.add_argument("ids", nargs="*", type=UUID, metavar="ID")
    again.add_argument("--reference")
    again.add_argument("--failed", action="store_true", help="all that were given up on")
    again.add_argument("--by", required=True, help="who you are, for the audit trail")
    again.add_argument("--reason", required=True, help="why, for the audit trail")
    again.set_defaults(run=_replay)
    report = commands.add_parser("report", help="compare with Paystack's list")
    report.add_argument("--days", type=int, default=3, choices=range(1, 366), metavar="1..365")
    report.add_argument("--all", action="store_true", help="also what agrees")
    report.add_argument("--csv", type=Path, help="write a CSV file instead of a table")
    report.set_defaults(run=_report)
    return parser


def _show(cashier: Cashier, options: argparse.Namespace, _clock: Clock) -> int:
    which = Which(reference=options.reference, status=options.status)
    for row in cashier.database.run(lambda session: list_deliveries(session, which, options.limit)):
        sys.stdout.write("  ".join("-" if value is None else str(value) for value in row.values()) + "\n")
    return 0


def _replay(cashier: Cashier, options: argparse.Namespace, clock: Clock) -> int:
    if not (options.ids or options.reference or options.failed):
        sys.stderr.write("Say which: ids, --reference or --failed.\n")
        return 2
    which = Which(options.ids, options.reference, "failed" if options.failed else None)
    done = cashier.database.run(lambda session: replay(session, which, options.by, options.reason, clock()))
    sys.stdout.write("".join(f"{one}\n" for one in done) + f"{len(done)} webhooks will be processed again.\n")
    return 0


def _report(cashier: Cashier, options: argparse.Namespace, clock: Clock) -> int:
    now = clock()
    lines = compare_with_paystack(cashier, now - timedelta(days=options.days), now)
    wrong = [line for line in lines if line.problem]
    shown = lines if options.all else wrong
    if options.csv:
        with options.csv.open("w", encoding="utf-8", newline="") as out:
            write_csv(shown, out)
    else:
        write_table(shown, sys.stdout)
    sys.stdout.write(f"{len(lines)} references with money, {len(wrong)} disagree.\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
