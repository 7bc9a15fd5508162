"""Makes the PDFs of new certificates, and removes those of ended ones.

A document is taken in hand for a while by a committed claim, made outside any transaction, and then noted. Whatever
step a crash interrupts, the claim runs out and the next run does it again: the key was chosen with the certificate,
the bytes are the same, so doing it twice is doing it once.
"""

from datetime import datetime, timedelta

import structlog

from certificates.documents import repository
from certificates.documents.rendering import Document, Renderer
from certificates.issuing.codes import shown
from certificates.models import PENDING, Certificate
from certificates.settings import Settings
from chassis import tracing
from chassis.database import Database
from chassis.objects import ObjectStore

log = structlog.get_logger(__name__)

_BATCH = 20
#: Longer than a batch takes, also when the store is slow.
_CLAIM = timedelta(minutes=2)
_FIRST_PAUSE = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=30)


class Documents:
    """The job of a worker: ``run`` until nothing is due."""

    def __init__(self, store: ObjectStore, settings: Settings, renderer: Renderer) -> None:
        self._store = store
        self._settings = settings
        self._bucket = settings.certificates_bucket
        self._renderer = renderer

    def run(self, db: Database, now: datetime) -> None:
        """Render and remove what is due; one that fails waits longer each time and stops no other."""
        with self._renderer:  # its process lives as long as there is work
            self._run(db, now)

    def _run(self, db: Database, now: datetime) -> None:
        while True:
            claimed = db.run(lambda session: repository.claim(session, now, now + _CLAIM, _BATCH))
            for certificate in claimed:
                with tracing.continued(
                    certificate.document_traceparent,
                    "certificates.document",
                    origin=certificate.document_traceorigin,
                ):
                    self._handle(db, certificate, now)
            if len(claimed) < _BATCH:
                return

    def _handle(self, db: Database, certificate: Certificate, now: datetime) -> None:
        try:
            if certificate.document_state == PENDING:
                self._make(db, certificate)
            else:
                self._store.delete(self._bucket, certificate.document_key)
                db.run(lambda session: repository.note_gone(session, certificate.id))
                log.info("document_removed", certificate_id=str(certificate.id))
        except Exception:
            pause = min(_FIRST_PAUSE * 2 ** min(certificate.document_attempts, 20), _LONGEST_PAUSE)
            log.exception("document_failed", certificate_id=str(certificate.id), again_in=str(pause))
            db.run(lambda session: repository.note_failed(session, certificate.id, now + pause))

    def _make(self, db: Database, certificate: Certificate) -> None:
        if certificate.recipient_name is None:
            return  # erased: its state is about to say so
        pdf = self._renderer.render(document_of(certificate, certificate.recipient_name, self._settings))
        self._store.ensure_bucket(self._bucket)
        self._store.put(self._bucket, certificate.document_key, pdf, "application/pdf")
        if not db.run(lambda session: repository.note_ready(session, certificate.id)):
            self._store.delete(self._bucket, certificate.document_key)  # ended meanwhile
            return
        log.info("document_ready", certificate_id=str(certificate.id), size=len(pdf))


def document_of(certificate: Certificate, name: str, settings: Settings) -> Document:
    """What stands on the certificate."""
    code = shown(certificate.code)
    return Document(
        kind=certificate.kind,
        name=name,
        title=certificate.title,
        program=certificate.program_title if certificate.kind == "course" else None,
        issuer=settings.issuer_name,
        code=code,
        url=settings.verification_url(code),
        issued_at=certificate.issued_at,
    )
