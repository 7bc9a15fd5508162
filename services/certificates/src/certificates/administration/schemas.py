"""Administration of certificates over HTTP."""

from contracts.http.certificates import (
    RevocationIn,
    StaffCertificateOut,
    StaffCertificatesOut,
)

__all__ = ["RevocationIn", "StaffCertificateOut", "StaffCertificatesOut"]
