"""Every row of what is known of Paystack, with the tests that hold it: on our side, and on the sandbox's.

The tables are read, not only run: they are the index from a fact to its tests. A test that is renamed or removed makes
its row fail. Rows that only one side can show name that side alone.
"""

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "services" / "enrollment" / "tests"
SANDBOX = ROOT / "deploy" / "sandbox" / "tests"


class Row(NamedTuple):
    """A fact; tests as ``module:function`` without their ``test_``."""

    fact: str
    ours: tuple[str, ...] = ()
    sandbox: tuple[str, ...] = ()


BASICS = [
    Row("a call carries the secret key", ("payments_checkout:paystack_that_cannot_be_reached_or_refuses_is_a_502",),
        ("sandbox_initialize:every_call_needs_the_secret_key",)),
    Row("an invalid key is 401, or 400", ("paystack_rows:an_invalid_key_is_a_502_and_frees_the_seat",),
        ("sandbox_outages:a_refusal_may_come_with_another_status",)),
    Row("a payload says its domain, test or live",
        ("payments_settle:wrong_money_gives_no_access_and_is_not_hidden",
         "webhooks:an_event_of_the_other_domain_changes_nothing",
         "enrollment_worker:production_refuses_what_is_unsafe"),
        ("sandbox_verify:the_key_decides_the_domain",)),
    Row("amounts are integers of subunits, times 100 for every currency",
        ("paystack_rows:paystack_is_asked_for_minor_units_once",
         "paystack_facts:money_is_an_int_or_a_string_of_digits"),
        ("sandbox_initialize:an_amount_may_be_a_string_of_digits", "sandbox_pages:amounts_are_written_for_people")),
    Row("each currency has its minimum", ("paystack_rows:a_cohort_costs_at_least_what_paystack_charges",),
        ("sandbox_initialize:each_currency_has_its_minimum",)),
    Row("a reference has only - . = and alphanumerics, under 50",
        ("paystack_rows:references_keep_paystacks_alphabet",),
        ("sandbox_initialize:a_reference_of_allowed_characters_is_taken",
         "sandbox_initialize:a_reference_with_another_character_is_refused")),
    Row("the reference is the idempotency key: verify before initialising again",
        ("payments_checkout:a_reservation_whose_request_died_after_paystack_knew_it_gets_a_new_reference",
         "payments_checkout:a_reservation_whose_request_died_before_paystack_knew_it_goes_on_under_its_reference",
         "paystack_facts:only_what_is_safe_is_sent_again"),
        ("sandbox_initialize:a_reference_is_used_once", "sandbox_outages:a_lost_answer_hides_a_call_that_took_effect")),
    Row("errors say why, some with status and message only",
        ("paystack_facts:a_refusal_is_a_definite_no", "paystack_facts:status_false_with_200_is_a_refusal_too"),
        ("sandbox_outages:every_documented_refusal_can_be_ordered", "sandbox_initialize:a_bad_parameter_is_refused")),
    Row("5xx, 429 and rubbish are no answers",
        ("paystack_facts:what_is_no_answer_leaves_everything_open",
         "payments_checkout:without_an_answer_of_paystack_nothing_is_half_done"),
        ("sandbox_outages:an_outage_strikes_as_often_as_ordered", "sandbox_outages:rubbish_is_no_json")),
    Row("no strict validators from the specification",
        ("paystack_facts:no_field_of_any_type_breaks_the_reading", "webhooks:no_event_of_any_form_is_an_error")),
]  # fmt: skip

INITIALIZE = [
    Row("email, amount, currency, reference, callback_url go in; a page and its code come back",
        ("payments_checkout:a_checkout_is_a_page_of_paystack_and_a_seat",
         "paystack_facts:a_checkout_without_its_page_is_no_checkout"),
        ("sandbox_initialize:a_transaction_gets_a_checkout",)),
    Row("metadata is an object or stringified JSON, custom_fields are shown, cancel_action is followed", (),
        ("sandbox_initialize:metadata_comes_as_an_object_or_as_stringified_json",
         "sandbox_checkout:the_page_shows_what_is_paid_and_by_whom",
         "sandbox_checkout:a_customer_who_leaves_goes_where_the_shop_says")),
    Row("channels restrict the page", (),
        ("sandbox_checkout:only_what_the_currency_and_the_channels_allow_is_offered",)),
    Row("a duplicate reference is refused",
        ("paystack_rows:a_duplicate_reference_is_known_by_its_code_or_its_message",
         "paystack_rows:a_duplicate_reference_is_replaced_by_another_within_the_same_request"),
        ("sandbox_initialize:a_reference_is_used_once",)),
    Row("callback_url overrides the dashboard's; the redirect adds reference and trxref",
        ("payments_checkout:callbacks_go_only_to_our_own_origins",
         "paystack_rows:a_student_pays_with_each_test_card_on_the_page"),
        ("sandbox_checkout:the_dashboards_callback_serves_where_none_is_given",)),
    Row("a visited callback is no proof of payment",
        ("paystack_rows:coming_back_from_the_page_is_no_proof_of_payment",),
        ("sandbox_checkout:a_customer_who_leaves_comes_back_unpaid",)),
]  # fmt: skip

VERIFY = [
    Row("verify answers 200 whatever became of the charge",
        ("payments_settle:what_is_not_final_changes_nothing_and_may_still_succeed",),
        ("sandbox_verify:verify_answers_200_whatever_became_of_the_charge",)),
    Row("success is paid", ("payments_settle:verify_settles_what_was_paid",),
        ("sandbox_verify:a_paid_charge_has_every_documented_field",)),
    Row("failed is final", ("payments_settle:a_failed_charge_frees_the_seat_and_a_new_reference_is_made",),
        ("sandbox_verify:a_final_status_stays_unless_forced",)),
    Row("abandoned can still turn into success", ("payments_settle:abandoned_money_within_the_grace_is_honoured",),
        ("sandbox_verify:an_abandoned_charge_can_succeed_late",)),
    Row("ongoing, pending, processing, queued are in progress",
        ("payments_settle:what_is_not_final_changes_nothing_and_may_still_succeed",),
        ("sandbox_verify:an_unfinished_charge_can_still_succeed",)),
    Row("reversed is refunded or charged back",
        ("payments_settle:a_charge_reversed_before_we_knew_is_a_refund",
         "payments_settle:a_reversal_that_no_webhook_told_is_found_by_an_administrator"),
        ("sandbox_verify:paystack_may_reverse_a_charge",)),
    Row("ids need 64 unsigned bits", ("paystack_facts:ids_are_unsigned_64_bit",),
        ("sandbox_verify:a_paid_charge_has_every_documented_field",)),
    Row("metadata may be an empty string, null, 0 or an object",
        ("paystack_facts:no_field_of_any_type_breaks_the_reading",),
        ("sandbox_verify:missing_metadata_looks_different_in_every_place",)),
    Row("fees passed on: amount is requested_amount and fees; compare requested_amount, else amount",
        ("payments_settle:fees_passed_to_the_customer_are_no_mismatch",
         "payments_policy:money_is_compared_with_what_was_asked_for"),
        ("sandbox_verify:fees_passed_on_make_the_amount_larger_than_requested",)),
    Row("another amount, currency or domain delivers nothing and stays visible",
        ("payments_settle:wrong_money_gives_no_access_and_is_not_hidden",),
        ("sandbox_verify:a_payment_can_be_a_wrong_one",)),
    Row("an unknown reference is 404, or 400 with a code",
        ("paystack_facts:an_unknown_reference_is_none_however_paystack_says_it",
         "paystack_rows:an_unknown_reference_is_no_answer_about_money"),
        ("sandbox_verify:an_unknown_reference_is_not_found",)),
]  # fmt: skip

WEBHOOK = [
    Row("signed: HMAC-SHA512 of the raw body", ("webhooks:an_unsigned_or_tampered_delivery_stores_nothing",),
        ("sandbox_webhooks:a_paid_charge_is_announced_with_a_signature",
         "sandbox_webhooks:a_tampered_webhook_is_signed_wrongly_on_every_attempt")),
    Row("three source addresses", ("webhook_sources:which_addresses_are_taken",
                                   "webhook_sources:a_signed_delivery_from_elsewhere_is_refused_and_not_stored")),
    Row("answered with 200 at once, else sent again for 72 hours",
        ("webhooks:a_charge_is_stored_answered_and_then_settled",
         "webhooks:paystack_being_down_postpones_and_loses_nothing"),
        ("sandbox_webhooks:anything_but_200_is_tried_again", "sandbox_webhooks:paystack_gives_up_after_three_days")),
    Row("no event for a failed charge: poll", ("paystack_rows:a_failed_charge_is_found_by_polling",),
        ("sandbox_webhooks:nothing_announces_anything_but_success",)),
    Row("no event id: the same event, id or reference, and status are the same",
        ("webhooks:the_same_event_in_other_bytes_is_the_same_event",
         "webhooks:what_makes_two_refund_deliveries_the_same"),
        ("sandbox_webhooks:a_doubled_webhook_comes_twice_with_the_same_bytes",)),
    Row("charge.success", ("paystack_rows:the_documented_sample_takes_effect",),
        ("sandbox_webhooks:a_paid_charge_is_announced_with_a_signature",)),
    Row("charge.dispute.create, remind, resolve",
        ("paystack_rows:the_documented_sample_takes_effect",
         "payments_settle:a_dispute_suspends_and_its_end_restores_or_revokes",
         "payments_disputes:a_part_that_is_charged_back_leaves_the_access_and_is_shown_to_staff"),
        ("sandbox_disputes:opening_a_dispute_is_announced", "sandbox_disputes:paystack_reminds_of_an_open_dispute",
         "sandbox_disputes:a_dispute_is_won_or_lost")),
    Row("refund.pending, processing, processed",
        ("payments_refunds:a_full_refund_suspends_while_under_way_and_then_revokes",
         "payments_refunds:refund_webhooks_in_the_wrong_order_end_the_same"),
        ("sandbox_refunds:a_full_refund_reverses_the_charge_in_three_announced_steps",)),
    Row("refund.failed, needs-attention",
        ("payments_refunds:a_refund_that_fails_gives_access_back",
         "payments_refunds:a_refund_that_needs_attention_stays_visible_and_may_still_succeed"),
        ("sandbox_refunds:the_test_card_decides_how_a_refund_ends",)),
    Row("a refund's amount is a string or an int, its reference may be null",
        ("paystack_rows:the_documented_sample_takes_effect", "paystack_facts:money_is_an_int_or_a_string_of_digits"),
        ("sandbox_refunds:the_amount_is_text_until_something_goes_wrong",)),
    Row("bank.transfer.rejected",
        ("paystack_rows:an_event_that_is_not_about_our_money_is_kept_and_does_nothing",),
        ("sandbox_webhooks:a_rejected_bank_transfer_is_announced",)),
    Row("transfer, customeridentification, dedicatedaccount, invoice, paymentrequest, subscription, preauthorization",
        ("paystack_rows:an_event_that_is_not_about_our_money_is_kept_and_does_nothing",),
        ("sandbox_webhooks:any_event_can_be_sent",)),
    Row("a resolved dispute says auto-accepted and others", ("payments_policy:disputes",),
        ("sandbox_disputes:a_dispute_is_won_or_lost",)),
]  # fmt: skip

REFUNDS = [
    Row("queued, all or an amount", ("payments_refunds:partial_refunds_change_no_access_until_all_is_back",),
        ("sandbox_refunds:a_refund_is_queued_for_all_that_was_paid",
         "sandbox_refunds:partial_refunds_reverse_the_charge_only_together",
         "sandbox_refunds:the_transaction_is_named_by_reference_or_id")),
    Row("Transaction has been fully reversed",
        ("payments_refunds:what_paystack_has_reversed_already_is_refunded_not_failed",
         "payments_disputes:a_refund_that_the_bank_was_quicker_than_ends_as_failed"),
        ("sandbox_refunds:what_was_refunded_cannot_be_refunded_again",)),
    Row("Insufficient balance", ("payments_refunds:without_balance_a_refund_waits_and_is_asked_for_again",),
        ("sandbox_refunds:a_refund_needs_a_balance",)),
    Row("needs-attention: retry_with_customer_details",
        ("paystack_rows:a_refund_mended_with_the_customers_account_goes_on",),
        ("sandbox_refunds:a_refund_that_needs_attention_is_mended_with_the_customers_account",
         "sandbox_refunds:only_a_refund_that_needs_attention_can_be_retried")),
]  # fmt: skip

LISTING = [
    Row("filters", (), ("sandbox_list:filters", "sandbox_list:filters_by_time_with_both_ends_included")),
    Row("pages by cursor", ("money_report:the_list_is_read_over_all_its_pages",),
        ("sandbox_list:pages_by_cursor_do_not_shift_when_transactions_are_added",)),
    Row("pages by number with their meta", (), ("sandbox_list:pages_by_number",)),
    Row("429: please wait a few minutes", ("paystack_rows:asked_to_wait_a_few_minutes_we_wait",),
        ("sandbox_outages:a_rate_limited_caller_is_told_to_wait",)),
]  # fmt: skip

CARDS = [
    Row("the test cards, M-Pesa and MTN Ghana", ("paystack_rows:a_student_pays_with_each_test_card_on_the_page",),
        ("sandbox_checkout:each_button_does_what_its_card_does",)),
    Row("a card whose refund fails", ("payments_refunds:a_refund_that_fails_gives_access_back",),
        ("sandbox_refunds:the_test_card_decides_how_a_refund_ends",)),
    Row("a card whose refund needs attention",
        ("payments_refunds:a_refund_that_needs_attention_stays_visible_and_may_still_succeed",),
        ("sandbox_refunds:the_test_card_decides_how_a_refund_ends",)),
]  # fmt: skip

ELSEWHERE = [
    Row("paid but never returned to the site", ("payments_settle:a_lost_webhook_costs_minutes",),
        ("sandbox_webhooks:dropped_webhooks_are_never_sent",)),
    Row("webhook and browser complete at once",
        ("payments_settle:webhook_verify_and_reconciliation_at_once_settle_once",
         "money_at_once:five_hundred_identical_webhooks_at_once_settle_once")),
    Row("refreshing the callback delivers twice",
        ("paystack_rows:reloading_the_page_behind_the_callback_gives_nothing_twice",)),
    Row("a second initialise with the same reference from a popup",
        ("paystack_rows:a_popup_and_a_page_begin_one_payment", "payments_checkout:twenty_tabs_open_one_checkout")),
    Row("times-100 mistakes", ("paystack_rows:paystack_is_asked_for_minor_units_once",)),
    Row("callbacks that never fire", ("payments_settle:a_lost_webhook_costs_minutes",
                                      "payments_checkout:the_sweeper_asks_paystack_before_it_takes_the_seat_away")),
]  # fmt: skip

ROWS = [*BASICS, *INITIALIZE, *VERIFY, *WEBHOOK, *REFUNDS, *LISTING, *CARDS, *ELSEWHERE]


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _missing(folder: Path, names: tuple[str, ...]) -> list[str]:
    pairs = [name.split(":") for name in names]
    return [
        f"{module}:{test}" for module, test in pairs if f"test_{test}" not in _functions(folder / f"test_{module}.py")
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fact)
def test_the_fact_has_its_tests(row: Row) -> None:
    assert row.ours or row.sandbox
    assert _missing(OURS, row.ours) == []
    assert _missing(SANDBOX, row.sandbox) == []


def test_no_fact_stands_twice() -> None:
    assert len({row.fact for row in ROWS}) == len(ROWS)
