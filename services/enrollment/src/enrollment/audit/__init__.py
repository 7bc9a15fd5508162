"""The audit trail: who changed what, and why."""

from enrollment.audit.service import PAYSTACK, RULES, Actor, Subject, admin, record, student

__all__ = ["PAYSTACK", "RULES", "Actor", "Subject", "admin", "record", "student"]
