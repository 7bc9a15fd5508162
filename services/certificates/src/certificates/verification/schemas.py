"""Verification over HTTP."""

from contracts.http.certificates import VerificationOut

__all__ = ["VerificationOut"]
