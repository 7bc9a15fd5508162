"""The owner's certificates over HTTP."""

from contracts.http.certificates import (
    CertificateOut,
    CertificatesOut,
    DownloadOut,
)

__all__ = ["CertificateOut", "CertificatesOut", "DownloadOut"]
