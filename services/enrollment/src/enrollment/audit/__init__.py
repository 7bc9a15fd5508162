"""The audit trail: who changed what, and why."""

from enrollment.audit.service import OPERATOR, PAYSTACK, RULES, Actor, Subject, admin, record, student

__all__ = ["OPERATOR", "PAYSTACK", "RULES", "Actor", "Subject", "admin", "record", "student"]
