"""The PDF: what it says, that it is made once, and that every interrupted step heals."""

import io
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from certificates.documents.rendering import Document, Renderer
from certificates.documents.service import Documents
from certificates.models import Certificate
from certificates.settings import Settings
from chassis.database import Database
from chassis.objects import ObjectMissing, ObjectStore

Certificates = Callable[[], list[Certificate]]

CODE = "7K3F-9QXM-2B4C-8DTA-V0WP-6HJN-R1SE"
URL = f"https://learn.example.com/verify/{CODE}"
DOCUMENT = Document(
    kind="course",
    name="Ọláńrewájú Ẹ̀bùn Obi",
    title="Relational Databases and SQL",
    program="Data Engineering",
    issuer="EdXelera",
    code=CODE,
    url=URL,
    issued_at=datetime(2026, 11, 22, 23, 30, tzinfo=UTC),
)


def text_of(pdf: bytes) -> str:
    [page] = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(page.extract_text().split())


def picture_of(pdf: bytes, tmp_path: Path) -> Image.Image:
    (tmp_path / "c.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", "150", "-png", "-singlefile", "c.pdf", "c"], cwd=tmp_path, check=True)
    return Image.open(tmp_path / "c.png")


def test_the_certificate_says_who_completed_what_when(renderer: Renderer) -> None:
    text = text_of(renderer.render(DOCUMENT))
    assert "HAS COMPLETED THE COURSE" in text
    for said in ("Relational Databases and SQL", "Data Engineering", "EdXelera", CODE, "22 November 2026"):
        assert said in text, text
    assert DOCUMENT.name.split()[-1] in text


def test_a_programs_certificate_says_program(renderer: Renderer) -> None:
    text = text_of(renderer.render(replace(DOCUMENT, kind="program", program=None, title="Data Engineering")))
    assert "COMPLETED THE PROGRAM" in text
    assert "part of" not in text


def test_the_qr_code_leads_to_the_verification_page(renderer: Renderer, tmp_path: Path) -> None:
    [found] = zxingcpp.read_barcodes(picture_of(renderer.render(DOCUMENT), tmp_path))
    assert found.text == URL


def test_it_is_one_landscape_page_with_a_title_for_screen_readers(renderer: Renderer) -> None:
    reader = PdfReader(io.BytesIO(renderer.render(DOCUMENT)))
    [page] = reader.pages
    assert page.mediabox.width > page.mediabox.height
    assert reader.metadata is not None
    assert reader.metadata.title == "Certificate of completion: Relational Databases and SQL"
    assert "/StructTreeRoot" in reader.root_object


def test_the_same_certificate_is_the_same_bytes(renderer: Renderer) -> None:
    with Renderer() as other:
        assert renderer.render(DOCUMENT) == renderer.render(DOCUMENT) == other.render(DOCUMENT)


NAMES = {
    "Yoruba": "Ṣọlá Adébáyọ̀ Ògúnṣẹ̀yẹ",
    "Vietnamese": "Nguyễn Thị Phương",
    "Polish": "Łukasz Żółć",
    "Cyrillic": "Дмитрий Иванов",
    "Greek": "Ελένη Παπαδοπούλου",
    "Arabic": "محمد عبد الله",
    "Hebrew": "דוד לוי",
    "Amharic": "አበበ በቀለ",
    "Hindi": "प्रिया शर्मा",
    "Bengali": "রবীন্দ্রনাথ",
    "Tamil": "கமலா",
    "Thai": "สมชาย",
    "Chinese": "王小明",
    "Japanese": "山田 たろう",
    "Korean": "김민수",
    "NKo": "ߞߊ߲ߕߍ",
    "Georgian": "გიორგი",
    "Armenian": "Արամ",
    "quotes": 'Ada "#set page()" O\'Brien \\ $x$ <i>',
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_names_in_every_script_are_shown_by_our_own_fonts(
    renderer: Renderer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("fell back to the system's fonts")

    monkeypatch.setattr("chassis.documents.rendering.log.warning", never)
    pdf = renderer.render(replace(DOCUMENT, name=name))
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 1


@pytest.mark.parametrize("name", ["Ada 🎉 Obi", "\U000e0001x", "Ada \ue000"])
def test_a_name_that_no_font_shows_still_gets_a_certificate(renderer: Renderer, name: str) -> None:
    assert CODE in text_of(renderer.render(replace(DOCUMENT, name=name)))


def test_the_longest_name_and_title_stay_on_one_page(renderer: Renderer) -> None:
    pdf = renderer.render(replace(DOCUMENT, name="Wolfeschlegelstein " * 10, title="Everything about Data " * 13))
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 1


def test_a_new_certificates_pdf_is_in_the_store(
    student: Any,
    make_documents: Callable[..., None],
    all_certificates: Certificates,
    store: ObjectStore,
    settings: Settings,
) -> None:
    student.tell(student.registered("Ada Obi"), student.completed_course())
    make_documents()
    [certificate] = all_certificates()
    assert certificate.document_state == "ready"
    assert store.head(settings.certificates_bucket, certificate.document_key).content_type == "application/pdf"
    text = text_of(store.get(settings.certificates_bucket, certificate.document_key))
    assert "Ada Obi" in text
    assert len(certificate.document_key) > 40


def test_an_ended_certificates_pdf_is_removed(
    student: Any,
    make_documents: Callable[..., None],
    all_certificates: Certificates,
    store: ObjectStore,
    settings: Settings,
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())
    make_documents()
    student.tell(student.revoked("refund"))
    make_documents(datetime.now(UTC) + timedelta(minutes=3))
    [certificate] = all_certificates()
    assert certificate.document_state == "gone"
    with pytest.raises(ObjectMissing):
        store.head(settings.certificates_bucket, certificate.document_key)


def test_many_workers_at_once_render_each_certificate_once(
    new_student: Callable[[], Any], db: Database, store: ObjectStore, settings: Settings, all_certificates: Certificates
) -> None:
    for _ in range(30):
        student = new_student()
        student.tell(student.registered(), student.completed_course())
    rendered: list[str] = []

    class Counting(Renderer):
        def render(self, document: Document) -> bytes:
            rendered.append(document.code)
            return b"%PDF"

    now = datetime.now(UTC)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Documents(store, settings, Counting()).run(db, now), range(4)))
    assert len(rendered) == len(set(rendered)) == 30
    assert {each.document_state for each in all_certificates()} == {"ready"}


class Crash(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("step", ["render", "put", "note"])
def test_a_crash_at_any_step_heals(
    step: str,
    student: Any,
    db: Database,
    store: ObjectStore,
    settings: Settings,
    renderer: Renderer,
    all_certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    student.tell(student.registered(), student.completed_course())

    def crash(*_: Any, **__: Any) -> None:
        raise Crash

    place = {
        "render": "certificates.documents.rendering.Renderer.render",
        "put": "chassis.objects.ObjectStore.put",
        "note": "certificates.documents.repository.note_ready",
    }[step]
    now = datetime.now(UTC)
    with monkeypatch.context() as patch:
        patch.setattr(place, crash)
        with pytest.raises(Crash):
            Documents(store, settings, renderer).run(db, now)
    Documents(store, settings, renderer).run(db, now)
    assert all_certificates()[0].document_state == "pending"  # still claimed by the dead worker
    Documents(store, settings, renderer).run(db, now + timedelta(minutes=3))
    [certificate] = all_certificates()
    assert certificate.document_state == "ready"
    assert text_of(store.get(settings.certificates_bucket, certificate.document_key))


def test_one_that_fails_waits_longer_each_time_and_stops_no_other(
    new_student: Callable[[], Any],
    db: Database,
    store: ObjectStore,
    settings: Settings,
    renderer: Renderer,
    all_certificates: Certificates,
) -> None:
    bad, good = new_student(), new_student()
    bad.tell(bad.registered("Bad"), bad.completed_course())
    good.tell(good.registered("Good"), good.completed_course())

    class Picky(Renderer):
        def render(self, document: Document) -> bytes:
            if document.name == "Bad":
                raise RuntimeError("cannot")
            return b"%PDF"

    now = datetime.now(UTC)
    Documents(store, settings, Picky()).run(db, now)
    assert [each.document_state for each in all_certificates()] == ["pending", "ready"]
    Documents(store, settings, Picky()).run(db, now + timedelta(seconds=4))
    assert all_certificates()[0].document_attempts == 2
    assert all_certificates()[0].document_due_at > now + timedelta(seconds=8)
    Documents(store, settings, renderer).run(db, now + timedelta(seconds=30))
    assert all_certificates()[0].document_state == "ready"


def test_a_certificate_revoked_while_its_pdf_is_written_leaves_no_pdf(
    student: Any, db: Database, store: ObjectStore, settings: Settings, all_certificates: Certificates
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())

    class Slow(Renderer):
        def render(self, document: Document) -> bytes:
            student.tell(student.revoked("refund"))
            return b"%PDF"

    now = datetime.now(UTC)
    Documents(store, settings, Slow()).run(db, now)
    [certificate] = all_certificates()
    with pytest.raises(ObjectMissing):
        store.head(settings.certificates_bucket, certificate.document_key)
    Documents(store, settings, Slow()).run(db, now + timedelta(minutes=3))
    assert all_certificates()[0].document_state == "gone"
