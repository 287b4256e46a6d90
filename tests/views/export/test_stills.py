"""A picture in a file: as large as it was asked for, in full detail, its texts texts, what is covered covered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pypdf
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from tests.traces import golden
from tests.views.export.exported import exported, left, requested
from tests.views.graph_session import GraphSession
from tutor.i18n import use_language
from tutor.protocol import Output, Step
from tutor.trace.trace import Trace
from tutor.views.export import stage
from tutor.views.export.request import Look, Stretch
from tutor.views.graph.view import GraphView
from tutor.views.theme import DARK, LIGHT

SVG = "{http://www.w3.org/2000/svg}"


def svg_texts(path: Path) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.parse(path).iter(f"{SVG}text")]


def pdf_text(path: Path) -> str:
    return pypdf.PdfReader(path).pages[0].extract_text().replace("\t", " ")


def test_a_png_has_twice_as_many_pixels_at_scale_two(qtbot: QtBot, tmp_path: Path) -> None:
    for scale in (1.0, 2.0):
        assert exported(requested(tmp_path / f"{scale:g}.png", "q", look=Look(scale=scale))) is None
    one, two = QImage(str(tmp_path / "1.png")), QImage(str(tmp_path / "2.png"))
    assert two.size() == one.size() * 2
    assert one.width() > 600
    assert left(tmp_path) == ["1.png", "2.png"]


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (300, 500)])
def test_the_size_that_is_asked_for_is_the_files(size: tuple[int, int], qtbot: QtBot, tmp_path: Path) -> None:
    look = Look(size=size, caption="A figure", code=True)
    assert exported(requested(tmp_path / "q.png", "q", look=look)) is None
    assert QImage(str(tmp_path / "q.png")).size() == QSize(*size)
    assert exported(requested(tmp_path / "q.svg", "q", look=look)) is None
    assert QSvgRenderer(str(tmp_path / "q.svg")).defaultSize() == QSize(*size)


def test_texts_in_an_svg_are_texts_with_their_widths(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "q.svg"
    assert exported(requested(path, "q", look=Look(caption="Q = 3a³ − b²", code=True))) is None
    texts = svg_texts(path)
    assert {"a", "b", "Q", "PowBackward0", "MulBackward0", "adds to a.grad", "Q = 3a³ − b²"} <= set(texts)
    root = ElementTree.parse(path).getroot()
    assert not list(root.iter(f"{SVG}image"))
    for text in root.iter(f"{SVG}text"):
        assert float(text.get("textLength", "0")) > 0
        assert text.get("font-family", "").endswith(("monospace", "sans-serif"))


def test_an_svg_looks_like_the_png(qtbot: QtBot, tmp_path: Path) -> None:
    """Up to the letters: the renderer that reads it back takes another font."""
    for name in ("q.png", "q.svg"):
        assert exported(requested(tmp_path / name, "q")) is None
    png = QImage(str(tmp_path / "q.png"))
    drawn = QImage(png.size(), QImage.Format.Format_RGB32)
    painter = QPainter(drawn)
    QSvgRenderer(str(tmp_path / "q.svg")).render(painter)
    painter.end()
    assert _apart(png, drawn) < 6.0


def test_a_pdf_gives_its_texts_back(qtbot: QtBot, tmp_path: Path) -> None:
    """Signs too: what is copied from it is what was read."""
    path = tmp_path / "q.pdf"
    stretch = Stretch(0, next(i for i, step in enumerate(golden("q").steps) if step.kind == "node") + 1)
    assert (
        exported(requested(path, "q", look=Look(caption="Q = 3a³ − b²", code=True), stretch=stretch)) is None
    )
    text = pdf_text(path)
    for piece in ("PowBackward0", "Q = 3a³ − b²", "[−1, −1]", "→", "not a leaf"):
        assert piece in text
    reader = pypdf.PdfReader(path)
    assert len(reader.pages) == 1
    assert reader.metadata is not None
    assert reader.metadata.title == "Q = 3a³ − b²"


def test_a_pdfs_page_is_as_large_as_the_picture(qtbot: QtBot, tmp_path: Path) -> None:
    assert exported(requested(tmp_path / "q.pdf", "q", look=Look(size=(960, 480)))) is None
    box = pypdf.PdfReader(tmp_path / "q.pdf").pages[0].mediabox
    assert (round(box.width), round(box.height)) == (720, 360)


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_what_is_covered_stays_covered(ending: str, qtbot: QtBot, tmp_path: Path) -> None:
    read = (lambda path: " ".join(svg_texts(path))) if ending == "svg" else pdf_text
    for covered in (frozenset[str](), frozenset({"x.grad"})):
        path = tmp_path / f"{len(covered)}.{ending}"
        assert exported(requested(path, "slope", covered=covered)) is None
    assert "None + 6 = 6" in read(tmp_path / f"0.{ending}")
    covered_text = read(tmp_path / f"1.{ending}")
    assert "6" not in covered_text
    assert "None + ? = ?" in covered_text


def test_a_small_picture_has_all_that_a_large_one_has(qtbot: QtBot, tmp_path: Path) -> None:
    """The window leaves small texts out where they could not be read; an export does not."""
    for name, look in (("large.png", Look()), ("small.png", Look(size=(320, 180)))):
        assert exported(requested(tmp_path / name, "q", look=look)) is None
    large, small = QImage(str(tmp_path / "large.png")), QImage(str(tmp_path / "small.png"))
    assert _share(small, LIGHT.gradient_text) > 0.3 * _share(large, LIGHT.gradient_text)
    vector = tmp_path / "small.svg"
    assert exported(requested(vector, "q", look=Look(size=(160, 90)))) is None
    assert "PowBackward0" in svg_texts(vector)


def test_light_and_dark_and_without_a_background(qtbot: QtBot, tmp_path: Path) -> None:
    for name, look in (
        ("light", Look()),
        ("dark", Look(palette=DARK)),
        ("bare", Look(transparent=True)),
    ):
        assert exported(requested(tmp_path / f"{name}.png", look=look)) is None
    corners = {
        name: QImage(str(tmp_path / f"{name}.png")).pixelColor(2, 2) for name in ("light", "dark", "bare")
    }
    assert corners["light"] == QColor(LIGHT.ground)
    assert corners["dark"] == QColor(DARK.ground)
    assert corners["bare"].alpha() == 0


def test_the_picture_speaks_the_chosen_language(qtbot: QtBot, tmp_path: Path) -> None:
    use_language("es")
    assert exported(requested(tmp_path / "q.svg", "q")) is None
    assert "valor" in svg_texts(tmp_path / "q.svg")


def test_the_code_line_shows_the_steps_sub_expression_lit(qtbot: QtBot, tmp_path: Path) -> None:
    trace = golden("q")
    path = tmp_path / "q.png"
    look = Look(code=True)
    seen = []
    for step, row in enumerate(trace.steps[:5]):
        if row.kind == "operation" and trace.operations[row.id].span is not None:
            assert exported(requested(path, trace, look=look, stretch=Stretch(0, step))) is None
            seen.append(_lit_columns(QImage(str(path))))
    assert all(width > 5 for _left, width in seen)
    assert len(set(seen)) > 2


def test_a_loops_iterations_have_their_own_pictures_and_one_together(qtbot: QtBot, tmp_path: Path) -> None:
    assert exported(requested(tmp_path / "one.svg", "loop")) is None
    assert exported(requested(tmp_path / "all.svg", "loop", unrolled=True)) is None
    one, together = svg_texts(tmp_path / "one.svg"), svg_texts(tmp_path / "all.svg")
    assert together.count("AddmmBackward0") > one.count("AddmmBackward0") > 0


@pytest.mark.parametrize("name", ["q", "no_grad", "detach", "matmul", "second_order"])
def test_a_picture_of_many_items_is_painted_as_the_scene_paints_it(
    name: str, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A little at a time, so that the window stays alive; nothing differs."""
    stretch = Stretch(0, len(golden(name).steps) - 2)
    for ending in ("png", "svg"):
        assert exported(requested(tmp_path / f"at_once.{ending}", name, stretch=stretch)) is None
    monkeypatch.setattr(stage, "_AT_ONCE", 0)
    for ending in ("png", "svg"):
        assert exported(requested(tmp_path / f"slowly.{ending}", name, stretch=stretch)) is None
    assert QImage(str(tmp_path / "at_once.png")) == QImage(str(tmp_path / "slowly.png"))
    assert svg_texts(tmp_path / "at_once.svg") == svg_texts(tmp_path / "slowly.svg")


def test_where_nothing_was_computed_it_says_so_and_leaves_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    printed = Trace(
        outputs=[Output(stream="stdout", text="hello\n", step=0)],
        steps=[Step(kind="output", id=0)],
        sources=golden("q").sources,
    )
    for name in ("x.png", "x.gif", "x.dot", "x"):
        fault = exported(requested(tmp_path / name, printed))
        assert fault is not None
        assert "nothing to draw" in fault
    assert left(tmp_path) == []


def test_too_many_pixels_are_refused_before_the_memory_is_full(qtbot: QtBot, tmp_path: Path) -> None:
    fault = exported(requested(tmp_path / "x.png", "q", look=Look(scale=100.0)))
    assert fault is not None
    assert "too many" in fault
    assert left(tmp_path) == []


def _apart(one: QImage, other: QImage) -> float:
    """The mean difference of the grey values, 0 to 255."""
    grey = QImage.Format.Format_Grayscale8
    a, b = bytes(one.convertToFormat(grey).constBits()), bytes(other.convertToFormat(grey).constBits())
    return sum(abs(x - y) for x, y in zip(a, b, strict=True)) / len(a)


def _share(image: QImage, colour: str) -> float:
    """About how much of the picture is near this colour."""
    wanted = QColor(colour)
    small = image.convertToFormat(QImage.Format.Format_RGB32)
    near = 0
    for y in range(0, small.height(), 1):
        for x in range(0, small.width(), 1):
            found = small.pixelColor(x, y)
            apart = (
                abs(found.red() - wanted.red())
                + abs(found.green() - wanted.green())
                + abs(found.blue() - wanted.blue())
            )
            near += apart < 120
    return near / (small.width() * small.height())


def _lit_columns(image: QImage) -> tuple[int, int]:
    """Where in the strip of code the lit place begins, and how wide it is."""
    lit = QColor(LIGHT.code_span)
    rows = range(image.height() - 40, image.height() - 8)
    columns = [x for x in range(image.width()) if any(image.pixelColor(x, y) == lit for y in rows)]
    return (columns[0], columns[-1] - columns[0]) if columns else (0, 0)


def test_everything_stays_where_the_window_has_it(qtbot: QtBot, tmp_path: Path) -> None:
    """A window whose picture runs down gives a picture that runs down; an export by itself runs to the right."""
    view = GraphView(GraphSession("two_paths"))  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.buttons.direction_chosen.emit("down")
    view.resize(500, 700)
    view.show()
    assert view.arrangement is not None
    assert view.arrangement.sizes.down
    request = requested(tmp_path / "free.png", "two_paths")
    drawn = replace(request.subject, drawn=view.arrangement)
    assert exported(request) is None
    assert exported(replace(request, subject=drawn, path=tmp_path / "drawn.png")) is None
    free, down = (QImage(str(tmp_path / f"{name}.png")) for name in ("free", "drawn"))
    assert free.width() > free.height()
    assert down.width() < down.height()
