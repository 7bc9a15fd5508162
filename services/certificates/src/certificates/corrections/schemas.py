"""Name corrections over HTTP."""

from contracts.http.certificates import NameCorrectionIn, NameCorrectionOut, NameCorrectionsOut

__all__ = ["NameCorrectionIn", "NameCorrectionOut", "NameCorrectionsOut"]
