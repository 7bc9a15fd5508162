"""The other side, the only one that imports typst: manuscripts come in, PDFs go out.

The PDF is accessible (PDF/UA-1: tagged, titled, with alternative text) and contains its fonts; the standard also makes
typst refuse text that no font can show, and then the system's fonts have to help.
"""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import typst

HERE = Path(__file__).parent
FONTS = HERE / "fonts"
SHARED = "page.typ"


class Typesetter:
    """Sets one manuscript after the other: typst's compiler is not made for threads."""

    def typeset(self, manuscript: dict[str, Any]) -> tuple[bytes, str | None]:
        """The PDF, and what our own fonts could not show."""
        inputs = {"data": json.dumps(manuscript["data"])}
        try:
            return self._compile(manuscript, self._own_fonts, inputs, ["ua-1"]), None
        except typst.TypstError as error:
            # A template that is wrong fails here once more, and that error is told.
            lenient = {**inputs, "fallback": "true"}
            return self._compile(manuscript, self._all_fonts, lenient, []), error.message

    @staticmethod
    def _compile(manuscript: dict[str, Any], fonts: typst.Fonts, inputs: dict[str, str], standards: list[Any]) -> bytes:
        template = Path(manuscript["template"])
        files: Any = {"main": template.read_bytes(), SHARED: (HERE / SHARED).read_bytes()}
        pdf = typst.compile(
            files,
            format="pdf",
            font_paths=fonts,
            sys_inputs=inputs,
            pdf_standards=standards,
            timestamp=manuscript["dated"],
        )
        assert isinstance(pdf, bytes)
        return pdf

    @cached_property
    def _own_fonts(self) -> typst.Fonts:
        return _fonts(system=False)

    @cached_property
    def _all_fonts(self) -> typst.Fonts:
        return _fonts(system=True)


def _fonts(*, system: bool) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=system, include_embedded_fonts=False, font_paths=[str(FONTS)])
