"""Payments: checkout, settling, refunds, disputes, reconciliation, billing."""
