"""Every public call of the platform as data: who may make it, what it takes, what it answers.

``shape`` is written as API.md writes it. Other tests read the same table: what a token is worth, what bad input earns.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from contracts.http import certificates as c
from contracts.http import coupons as p
from contracts.http import discussion as d
from contracts.http import enrollment as e
from contracts.http import gateway as g
from contracts.http import learning as l
from contracts.http import media as m
from contracts.http.base import ApiModel

Needs = Literal["nothing", "login", "staff", "admin"]


@dataclass(frozen=True)
class Call:
    """``who`` makes it successfully (a person of ``World``; by default whoever ``needs`` says)."""

    method: str
    path: str
    needs: Needs
    status: int = 200
    model: type[ApiModel] | None = None
    shape: str = ""
    body: Any = None
    who: str | None = None
    query: str = ""

    @property
    def name(self) -> str:
        """As a test's name."""
        return f"{self.method} {self.path}"

    @property
    def spender(self) -> str:
        """Who may make it often and wrongly: the owner of what it names, else one of many, for whom limits are wide."""
        if self.needs != "login":
            return self.needs
        if any(f"{{{own}}}" in self.path for own in ("certificate", "reference", "post", "doomed_post")):
            return "login"
        return "passerby" if self.path.endswith(("/payments", "/price")) else "crowd"

    @property
    def is_page(self) -> bool:
        """For people: its refusals are pages too."""
        return self.path.startswith("/verify/")

    @property
    def form(self) -> str:
        """The path without the names of its parameters, which OpenAPI documents name in their own way."""
        return re.sub(r"{[^}]*}", "{}", self.path)

    @property
    def address(self) -> str:
        """Path and query."""
        return f"{self.path}{self.query}"


USER = "{id,email,name,roles,teaches}"
SESSION = f"{{accessToken,tokenType,expiresIn,user:{USER}}}"
POST = "{id,author:{id,name,role},body,bodyHtml,pinned,createdAt,editedAt,deleted,replyCount,replies}"
CERTIFICATE = """{id,kind,programSlug,courseSlug,title,recipientName,issuedAt,status,verificationCode,verificationUrl,
    documentReady}"""
COHORT = "{id,slug,startsAt,endsAt,timezone,seatsLeft}"
PRICE = "{amountMinor,currency}"
INSTALMENT = "{number,amountMinor,currency,dueAt,suspendsAt,status,paidAt,reference}"
COUPON = """{id,code,kind,percent,amountMinor,currency,maxUses,maxUsesPerStudent,validFrom,validUntil,programs,cohorts,
    disabled,uses,version,createdAt}"""
PROGRAM = "/v1/programs/{program}"
LESSON = f"{PROGRAM}/courses/{{course}}/lessons/{{lesson}}"
ASSIGNMENT = f"{PROGRAM}/weeks/{{week}}/assignments/{{assignment}}/submissions"
THREAD = f"{PROGRAM}/weeks/{{week}}/discussion"
ONE_POST = "/v1/discussion/posts/{post}"
STAFFS = "/v1/admin/certificates"

IDENTITY = (
    Call("POST", "/v1/auth/register", "nothing", 201, g.RegisteredOut, f"{{user:{USER}}}",
         {"email": "contract-{run}@student.example", "password": "a long pass phrase", "name": "Cora"}),
    Call("POST", "/v1/auth/login", "nothing", 200, g.SessionOut, SESSION,
         {"email": "{changer_email}", "password": "{changer_password}"}, who="changer"),
    Call("POST", "/v1/auth/refresh", "nothing", 200, g.SessionOut, SESSION, who="changer"),
    Call("POST", "/v1/auth/oidc", "nothing", 404, None, "", {"idToken": "none is configured"}),
    Call("POST", "/v1/auth/password-reset", "nothing", 202, None, "", {"email": "{changer_email}"}),
    Call("POST", "/v1/auth/password-reset/confirm", "nothing", 400, None, "",
         {"token": "nobody was sent this", "newPassword": "another long pass phrase"}),
    Call("POST", "/v1/auth/password", "login", 204, None, "",
         {"currentPassword": "{changer_password}", "newPassword": "another long pass phrase"}, who="changer"),
    Call("POST", "/v1/auth/logout", "nothing", 204, who="changer"),
    Call("GET", "/v1/me", "login", 200, g.UserOut, USER),
    Call("PATCH", "/v1/me", "login", 200, g.UserOut, USER, {"name": "Renamed"}, who="newcomer"),
    Call("DELETE", "/v1/me", "login", 204, who="leaver"),
    Call("GET", "/.well-known/jwks.json", "nothing", 200, g.JwksOut, "{keys:[{kty,crv,x,y,kid,use,alg}]}"),
    Call("GET", "/v1/admin/users", "admin", 200, g.UsersOut, "{users:[{id,email,name,roles,teaches}],nextCursor}",
         query="?email={changer_email}"),
    Call("PUT", "/v1/admin/users/{spare}/roles", "admin", 200, g.UserOut, USER,
         {"roles": ["student"], "teaches": []}),
)  # fmt: skip

ENROLLMENT = (
    Call("GET", "/v1/programs", "nothing", 200, e.ProgramsOut,
         f"{{programs:[{{slug,title,summary,cohort:{COHORT},price:{PRICE}}}],nextCursor}}"),
    Call("GET", PROGRAM, "nothing", 200, e.ProgramOut, f"{{slug,title,summary,cohort:{COHORT},price:{PRICE}}}"),
    Call("GET", f"{PROGRAM}/can-enroll", "nothing", 200, e.CanEnrollOut,
         f"{{allowed,reason,message,opensAt,closesAt,cohort:{COHORT},price:{PRICE}}}"),
    Call("GET", f"{PROGRAM}/price", "login", 200, p.PriceOut,
         f"{{programSlug,cohort:{COHORT},fullMinor,discountMinor,amountMinor,currency,couponCode,instalments}}"),
    Call("POST", f"{PROGRAM}/payments", "login", 201, e.CheckoutOut,
         """{authorization_url,reference,accessCode,status,amountMinor,currency,expiresAt,discountMinor,couponCode,
            instalment}""",
         {"cohort": "{cohort}", "callbackUrl": "http://localhost:3000/paid"}, who="newcomer"),
    Call("POST", "/v1/payments/{reference}/verify", "login", 200, e.PaymentOut,
         "{reference,status,programSlug,enrollmentStatus,amountMinor,currency,paidAt}"),
    Call("GET", f"{PROGRAM}/billing", "login", 200, e.BillingOut,
         f"""{{programSlug,enrollmentStatus,hasAccess,cohort:{COHORT},
            payments:[{{reference,status,amountMinor,refundedMinor,currency,createdAt,paidAt,receiptUrl}}],canRetry,
            instalments:[{INSTALMENT}],nextInstalment:{INSTALMENT}}}"""),
    Call("GET", "/v1/payments", "login", 200, e.PaymentHistoryOut,
         """{payments:[{reference,status,programSlug,programTitle,cohort:{id,slug},amountMinor,receivedMinor,
            refundedMinor,instalment,discountMinor,couponCode,currency,createdAt,paidAt,refunds:[{amountMinor,status,at}],
            receiptUrl}],nextCursor}"""),
    Call("GET", "/v1/payments/{reference}/receipt", "login", 200),
    Call("GET", "/v1/enrollments", "login", 200, e.EnrollmentsOut, "{enrollments:[{id,status}],nextCursor}"),
    Call("POST", "/v1/admin/cohorts", "admin", 201, e.CohortOut, "",
         {"programSlug": "{program}", "slug": "contract-{run}", "startDate": "2031-03-03", "endDate": "2031-04-30",
          "timezone": "America/New_York", "unlockTime": "06:30", "weekUnlocks": {"2": "2031-03-17"}, "seats": 3,
          "lateJoin": False, "amountMinor": 100, "currency": "GHS", "published": False,
          "instalments": {"parts": [{"percent": 50}, {"percent": 50, "dueDays": 14}], "graceDays": 3}}),
    Call("GET", "/v1/admin/cohorts", "admin", 200, e.CohortsOut, "{cohorts:[{id,slug}],nextCursor}"),
    Call("GET", "/v1/admin/cohorts/{cohort}", "admin", 200, e.CohortOut),
    Call("PATCH", "/v1/admin/cohorts/{cohort}", "admin", 200, e.CohortChangeOut, "", {"seats": 400},
         query="?dryRun=true"),
    Call("POST", "/v1/admin/coupons", "admin", 201, p.CouponOut, COUPON,
         {"code": "contract-{run}", "kind": "fixed", "amountMinor": 100, "currency": "NGN", "maxUses": 3,
          "validUntil": "2031-03-03T00:00:00Z", "programs": ["{program}"], "reason": "the spring campaign"}),
    Call("GET", "/v1/admin/coupons", "admin", 200, p.CouponsOut, f"{{coupons:[{COUPON}],nextCursor}}"),
    Call("GET", "/v1/admin/coupons/{coupon}", "admin", 200, p.CouponOut, COUPON),
    Call("PATCH", "/v1/admin/coupons/{coupon}", "admin", 200, p.CouponOut, COUPON,
         {"maxUses": 5, "disabled": True, "reason": "the campaign is over"}),
    Call("POST", "/v1/admin/enrollments", "admin", 201, e.AdminEnrollmentOut, "",
         {"userId": "{granted}", "cohort": "{cohort}", "reason": "a scholarship"}),
    Call("DELETE", "/v1/admin/enrollments/{enrollment}", "admin", 200, e.AdminEnrollmentOut, "",
         {"reason": "it was a mistake"}),
    Call("GET", "/v1/admin/payments", "admin", 200, e.AdminPaymentsOut, "{payments:[{reference,status}],nextCursor}",
         query="?status=succeeded&limit=5"),
    Call("GET", "/v1/admin/payments/{reference}", "admin", 200, e.AdminPaymentDetailOut),
    Call("POST", "/v1/admin/payments/{refundable}/refund", "admin", 200, e.AdminPaymentDetailOut, "",
         {"amountMinor": 100, "reason": "a kindness"}),
    Call("POST", "/v1/admin/payments/{reference}/reconcile", "admin", 200, e.AdminPaymentDetailOut),
)  # fmt: skip

LEARNING = (
    Call("GET", f"{PROGRAM}/home", "login", 200, l.HomeOut,
         """{program:{slug,title,summary}, cohort:{id,slug,startsAt,endsAt,timezone,status}, currentWeek,
            weeks:[{number,title,unlocksAt,status,completedLessons,totalLessons}],
            courses:[{slug,title,completedLessons,totalLessons,percent,completedAt}],
            progress:{completedLessons,totalLessons,percent,completedAt},
            nextLesson:{courseSlug,lessonSlug,title,weekNumber}, upcoming:[{kind,title,weekNumber,at}]}"""),
    Call("GET", f"{PROGRAM}/weeks/{{week}}", "login", 200, l.WeekHubOut,
         """{programSlug, number, title, summary, unlocksAt, status,
            lessons:[{courseSlug,slug,title,kind,durationMinutes,required,status,reasons,completedAt}],
            assignments:[{slug,title,instructions,dueAt,required,status,score}],
            liveSessions:[{slug,title,startsAt,endsAt,joinUrl}], discussion:{postCount,lastPostAt}}"""),
    Call("GET", LESSON, "login", 200, l.LessonOut),
    Call("POST", "/v1/courses/{course}/lessons/{lesson}/complete", "login", 200, l.CompletionOut,
         """{lesson:{courseSlug,slug,completedAt}, course:{slug,completedLessons,totalLessons,percent,completedAt},
            program:{slug,percent,completedAt}, unlocked:[{courseSlug,lessonSlug}]}"""),
    Call("GET", "/v1/courses/{course}/progress", "login", 200, l.CourseProgressOut,
         """{courseSlug,programSlug,completedLessons,totalLessons,percent,completedAt,
            lessons:[{slug,weekNumber,status,completedAt}]}"""),
    Call("GET", f"{PROGRAM}/access", "login", 200, l.AccessOut, "{allowed,reasons,unlocksAt,facts}",
         query="?course={course}&lesson={lesson}"),
    Call("POST", ASSIGNMENT, "login", 201, l.SubmissionOut, "", {"text": "What I found.", "url": "https://a.example/b"}),
    Call("GET", ASSIGNMENT, "login", 200, l.SubmissionsOut, "{submissions:[{id}],nextCursor}"),
    Call("PUT", f"{ASSIGNMENT}/{{submission}}/grade", "staff", 200, l.SubmissionOut, "",
         {"score": 87.5, "feedback": "Well observed."}),
    Call("POST", f"{PROGRAM}/calendar-token", "login", 201, l.CalendarTokenOut, "{token,url}", who="customer"),
    Call("GET", f"{PROGRAM}/calendar.ics", "nothing", 200, query="?token={calendar_token}"),
    Call("PUT", "/v1/admin/programs/{program}", "admin", 200, l.ImportOut, "", "{document}"),
    Call("GET", "/v1/admin/programs/{program}", "admin", 200, l.ProgramDocument),
)  # fmt: skip

MEDIA = (
    Call("GET", f"{LESSON}/playback", "login", 404),  # readings only: the journey plays the seed program's videos
    Call("POST", "/v1/admin/videos", "staff", 201, m.UploadOut, "{videoId, upload:{kind,url,parts}}",
         {"filename": "b.mp4", "contentType": "video/mp4", "sizeBytes": 5, "programSlug": "{program}"}),
    Call("GET", "/v1/admin/videos", "staff", 200, m.VideosOut, "{videos:[{id,status}],nextCursor}",
         query="?programSlug={program}"),
    Call("POST", "/v1/admin/videos/{video}/complete", "staff", 200, m.VideoOut, "", {}),
)  # fmt: skip

CERTIFICATES = (
    Call("GET", "/v1/certificates", "login", 200, c.CertificatesOut, f"{{certificates:[{CERTIFICATE}]}}"),
    Call("GET", "/v1/certificates/{certificate}/download-url", "login", 200, c.DownloadOut, "{url,expiresAt}"),
    Call("GET", "/v1/certificates/verify/{code}", "nothing", 200, c.VerificationOut,
         "{valid,status,kind,title,recipientName,issuedAt,revokedAt,supersededBy}"),
    Call("GET", "/verify/{code}", "nothing", 200),
    Call("POST", "/v1/certificates/{certificate}/name-correction", "login", 201, c.NameCorrectionOut, "",
         {"name": "Corrected Name"}),
    Call("GET", STAFFS, "staff", 200, c.StaffCertificatesOut, f"{{certificates:[{CERTIFICATE}],nextCursor}}",
         query="?programSlug={program}"),
    Call("GET", f"{STAFFS}/name-corrections", "staff", 200, c.NameCorrectionsOut),
    Call("POST", f"{STAFFS}/{{to_approve}}/name-correction/approve", "staff", 200, c.NameCorrectionOut),
    Call("POST", f"{STAFFS}/{{to_reject}}/name-correction/reject", "staff", 200, c.NameCorrectionOut),
    Call("POST", f"{STAFFS}/{{to_revoke}}/revoke", "staff", 200, c.StaffCertificateOut, "", {"reason": "for the test"}),
    Call("POST", f"{STAFFS}/{{to_reissue}}/reissue", "staff", 201, c.StaffCertificateOut),
    Call("GET", "/v1/certificates/{certificate}/credential", "login"),
    Call("GET", "/v1/credentials/issuer", "nothing"),
    Call("GET", "/v1/credentials/jwks.json", "nothing"),
    Call("GET", "/v1/credentials/keys/{key}", "nothing"),
    Call("GET", "/v1/credentials/status/{status}", "nothing"),
    Call("GET", "/v1/credentials/achievements/{achievement}/{course}", "nothing"),
)  # fmt: skip

DISCUSSION = (
    Call("GET", THREAD, "login", 200, d.DiscussionOut,
         f"{{thread:{{id,programSlug,cohort,weekNumber,postCount}}, posts:[{POST}], nextCursor}}"),
    Call("POST", f"{THREAD}/posts", "login", 201, d.PostOut, POST, {"body": "A question."}),
    Call("POST", f"{ONE_POST}/replies", "login", 201, d.PostOut, POST, {"body": "An answer."}),
    Call("GET", f"{ONE_POST}/replies", "login", 200, d.RepliesOut, f"{{replies:[{POST}],nextCursor}}"),
    Call("PATCH", ONE_POST, "login", 200, d.PostOut, POST, {"body": "A better question."}),
    Call("DELETE", "/v1/discussion/posts/{doomed_post}", "login", 204),
    Call("PUT", f"{ONE_POST}/pin", "staff", 200, d.PostOut, POST, {"pinned": True}),
    Call("PUT", f"{ONE_POST}/hidden", "staff", 200, d.PostOut, POST, {"hidden": False}),
    Call("POST", f"{ONE_POST}/report", "login", 204, None, "", {"reason": "It shouts."}),
    Call("GET", f"{PROGRAM}/discussion/reports", "staff", 200, d.ReportsOut, "{reports,nextCursor}"),
)  # fmt: skip

CALLS = (*IDENTITY, *ENROLLMENT, *LEARNING, *MEDIA, *CERTIFICATES, *DISCUSSION)
