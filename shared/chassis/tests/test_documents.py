"""Documents are made in a process of their own: it is there while there is work, and its end is no disaster."""

import io
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from chassis.documents.rendering import Manuscript, Renderer, RenderingFailed

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TEMPLATE = """#import "page.typ": *
#set document(title: [A letter])
#set text(font: sans, lang: "en", fallback: fallback)
Dear #data.name,
"""


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    with Renderer() as found:
        yield found


@pytest.fixture
def letter(tmp_path: Path) -> Any:
    """``letter(name)``: a manuscript of a template that lies anywhere."""
    template = tmp_path / "letter.typ"
    template.write_text(TEMPLATE)
    return lambda name="Ada", dated=AT: Manuscript(template, {"name": name}, dated)


def text_of(pdf: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_a_template_and_its_data_become_an_accessible_pdf(renderer: Renderer, letter: Any) -> None:
    pdf = renderer.typeset(letter('Ada "#set page()" 王小明'))
    assert 'Dear Ada "#set page()" 王小明' in text_of(pdf)
    assert "/StructTreeRoot" in PdfReader(io.BytesIO(pdf)).root_object


def test_the_same_manuscript_is_the_same_bytes_in_any_process(renderer: Renderer, letter: Any) -> None:
    with Renderer() as other:
        assert renderer.typeset(letter()) == renderer.typeset(letter()) == other.typeset(letter())


def test_the_fingerprint_tells_without_rendering_whether_the_pdf_would_be_another(letter: Any) -> None:
    known = letter().fingerprint
    assert letter().fingerprint == known
    assert letter("Eve").fingerprint != known
    assert letter(dated=datetime(2026, 11, 23, tzinfo=UTC)).fingerprint != known
    letter().template.write_text(TEMPLATE + "\nYours")
    assert letter().fingerprint != known


def test_one_process_serves_many_and_ends_with_the_work(renderer: Renderer, letter: Any) -> None:
    renderer.typeset(letter())
    first = renderer._process
    renderer.typeset(letter("Eve"))
    assert first is not None
    assert renderer._process is first
    renderer.close()
    assert first.returncode is not None
    assert "Eve" in text_of(renderer.typeset(letter("Eve")))


def test_a_process_that_was_killed_costs_one_failure(renderer: Renderer, letter: Any) -> None:
    renderer.typeset(letter())
    assert renderer._process is not None
    os.kill(renderer._process.pid, signal.SIGKILL)
    with pytest.raises(RenderingFailed):
        renderer.typeset(letter())
    assert "Dear Ada" in text_of(renderer.typeset(letter()))


def test_a_process_that_takes_too_long_is_ended(letter: Any) -> None:
    with Renderer(patience=0.0) as hurried, pytest.raises(RenderingFailed):
        hurried.typeset(letter())


def test_a_wrong_template_is_told_and_the_process_goes_on(renderer: Renderer, letter: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.typ"
    wrong.write_text("#nonsense()")
    with pytest.raises(RenderingFailed, match=r"wrong\.typ: .*nonsense"):
        renderer.typeset(Manuscript(wrong, {}, AT))
    assert "Dear Ada" in text_of(renderer.typeset(letter()))


def test_text_that_no_font_of_ours_shows_is_set_all_the_same(renderer: Renderer, letter: Any) -> None:
    assert "Dear Ada" in text_of(renderer.typeset(letter("Ada \ue000 🎉")))


def test_the_process_that_asks_never_loads_typst() -> None:
    code = "import sys, chassis.documents.rendering; sys.exit('typst' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_wheel_has_fonts_and_templates(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    for package in ("shared/chassis", "services/certificates", "services/enrollment"):
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(tmp_path)]
        subprocess.run([*command, str(root / package)], check=True, capture_output=True)
    files = {name for wheel in tmp_path.glob("*.whl") for name in zipfile.ZipFile(wheel).namelist()}
    assert {
        "chassis/documents/page.typ",
        "chassis/documents/fonts/WenQuanYiMicroHei.ttc",
        "chassis/documents/fonts/Apache-2.0",
        "chassis/documents/fonts/OFL-1.1.txt",
        "certificates/documents/certificate.typ",
        "enrollment/receipts/receipt.typ",
    } <= files
