"""Every event that travels between services, and the envelope around it."""

from contracts.events.base import EVENT_TYPES, Envelope, Event, UnknownEventType, stream_of
from contracts.events.certificates import CertificateIssued, CertificateRevoked
from contracts.events.discussion import PostCreated, PostModerated
from contracts.events.enrollment import (
    CohortScheduled,
    EnrollmentActivated,
    EnrollmentRevoked,
    EnrollmentSuspended,
    InstalmentDue,
    InstalmentOverdue,
    PaymentDisputed,
    PaymentRefunded,
    PaymentVerified,
)
from contracts.events.gateway import AccountErased, AccountRegistered, AccountUpdated
from contracts.events.learning import (
    AssignmentGraded,
    AssignmentSubmitted,
    CourseCompleted,
    LessonCompleted,
    ProgramCompleted,
    ProgramPublished,
    PublishedCourse,
    PublishedWeek,
)
from contracts.events.media import VideoReady

__all__ = [
    "EVENT_TYPES",
    "AccountErased",
    "AccountRegistered",
    "AccountUpdated",
    "AssignmentGraded",
    "AssignmentSubmitted",
    "CertificateIssued",
    "CertificateRevoked",
    "CohortScheduled",
    "CourseCompleted",
    "EnrollmentActivated",
    "EnrollmentRevoked",
    "EnrollmentSuspended",
    "Envelope",
    "Event",
    "InstalmentDue",
    "InstalmentOverdue",
    "LessonCompleted",
    "PaymentDisputed",
    "PaymentRefunded",
    "PaymentVerified",
    "PostCreated",
    "PostModerated",
    "ProgramCompleted",
    "ProgramPublished",
    "PublishedCourse",
    "PublishedWeek",
    "UnknownEventType",
    "VideoReady",
    "stream_of",
]
