"""Heals valid certificates whose PDF is not there: the job that makes documents is asked to make it now.

A PDF may be missing by its certificate's own row (``certificate_without_document``), or in the store alone, where it is
looked for bit by bit (``document_lost``). What was lost in the store stays that case until it is there again, although
its row says meanwhile that it is to be made: one PDF is one case.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from certificates.models import ISSUED, PENDING, READY, Certificate
from chassis.messaging.comparisons import Comparison, Fact
from chassis.messaging.sweeps import Sweep
from chassis.objects import ObjectMissing, ObjectStore, StorageUnavailable
from chassis.service_client import NotAnswered
from chassis.tables import saga_cases

#: S3: HEAD of a missing key answers 403, not 404, unless the caller may list the bucket (whatever the prefix).
_REFUSED = "answered 403"
_SAGA, _STORE = "certificate_without_document", "store"

#: Making a document takes well under a second; the object store may be away for a while.
_GRACE = timedelta(minutes=5)
#: A document in hand is due again within this (``documents.service``): what is due later waits after a failure.
_IN_HAND = timedelta(minutes=2)


#: Documents looked for in the store in each run: each is a request.
_LOOKED_FOR = 50

_SHOWN: tuple[Any, ...] = (Certificate.id, Certificate.document_key)


def certificate_without_document() -> Sweep:
    """Certificate without its PDF."""
    return Sweep(_SAGA, find, repair, every=timedelta(minutes=5))


def find(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """Valid certificates of living accounts, issued a while ago, whose document is not ready and was not lost."""
    lost = select(saga_cases.c.case_key).where(saga_cases.c.saga == _SAGA, saga_cases.c.place == _STORE)
    wanted = (
        Certificate.id.not_in([UUID(key) for key in session.scalars(lost)]),
        Certificate.status == ISSUED,
        Certificate.recipient_name.is_not(None),
        Certificate.document_state != READY,
        Certificate.issued_at < now - _GRACE,
    )
    return session.scalars(select(Certificate.id).where(*wanted).order_by(Certificate.id).limit(limit)).all()


def repair(session: Session, certificate_id: UUID, now: datetime) -> None:
    """To be made now, unless it is there."""
    certificate = _lock(session, certificate_id)
    if certificate.document_state != READY:
        _make(certificate, now)


def _lock(session: Session, certificate_id: UUID) -> Certificate:
    return session.scalars(select(Certificate).where(Certificate.id == certificate_id).with_for_update()).one()


def _make(certificate: Certificate, now: datetime) -> bool:
    """Due now, unless somebody has it in hand. One that was given up although it is wanted is asked for anew."""
    if certificate.status != ISSUED or certificate.recipient_name is None:
        return False
    if certificate.document_state != PENDING:
        certificate.document_state, certificate.document_attempts = PENDING, 0
    elif certificate.document_due_at <= now + _IN_HAND:
        return False
    certificate.document_due_at = now
    return True


def document_lost(store: ObjectStore, bucket: str) -> Comparison:
    """Certificate whose PDF was made and is gone from the store."""
    return Comparison(
        _SAGA,
        _STORE,
        page=page,
        again=again,
        unknown=lambda facts: _missing(store, bucket, facts),
        repair=make_again,
        grace=timedelta(0),  # a document is noted as ready when it is there
        page_size=_LOOKED_FOR,
        pages=1,
    )


def page(session: Session, after: str | None, limit: int) -> Sequence[Fact]:
    """Valid certificates whose document was made, oldest first."""
    query = _made().order_by(Certificate.id).limit(limit)
    return _facts(session, query if after is None else query.where(Certificate.id > UUID(after)))


def again(session: Session, keys: Sequence[str]) -> Sequence[Fact]:
    """Those of them that are to have one, made or not."""
    wanted = (Certificate.status == ISSUED, Certificate.recipient_name.is_not(None))
    chosen = Certificate.id.in_([UUID(key) for key in keys])
    return _facts(session, select(*_SHOWN).where(chosen, *wanted))


def _made() -> Select[Any]:
    return select(*_SHOWN).where(Certificate.status == ISSUED, Certificate.document_state == READY)


def _facts(session: Session, query: Select[Any]) -> list[Fact]:
    return [Fact(str(row.id), row.document_key) for row in session.execute(query)]


def _missing(store: ObjectStore, bucket: str, facts: Sequence[Fact]) -> Mapping[str, None]:
    return {fact.key: None for fact in facts if not _is_there(store, bucket, fact.asked)}


def _is_there(store: ObjectStore, bucket: str, key: str) -> bool:
    try:
        store.head(bucket, key)
    except ObjectMissing:
        return False
    except StorageUnavailable as error:
        if _REFUSED in str(error):
            return _is_listed(store, bucket, key)
        raise NotAnswered(f"the object store: {error}") from error
    return True


def _is_listed(store: ObjectStore, bucket: str, key: str) -> bool:
    """For who may list the bucket by prefix alone."""
    try:
        return key in store.sizes(bucket, key)
    except StorageUnavailable as error:
        says = f"403 for {key}, which a missing file gets too, and to listing: {error}"
        raise NotAnswered(f"the object store: {says} Is s3:ListBucket allowed on {bucket}?") from error


def make_again(session: Session, key: str, _said: None, now: datetime) -> bool:
    """To be made now, whatever its row says."""
    return _make(_lock(session, UUID(key)), now)
