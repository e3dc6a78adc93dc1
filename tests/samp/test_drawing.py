"""The picture is well-formed, the same each time, and nothing in it lies on anything else."""

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.cli import main
from antiphon.samp import draw, read_cast
from antiphon.samp.layout import layered

from .casts import EXAMPLES, SMALL, example, spoiled

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("text", [SMALL, *(example(name) for name in ("restaurant", "clinic", "town"))])
def test_every_scene_persona_and_jump_is_in_the_picture(text: str) -> None:
    cast = read_cast(text)
    picture = ElementTree.fromstring(draw(cast))
    words = " ".join(each.text or "" for each in picture.iter(f"{SVG}text"))
    for scene in cast.scenes:
        assert scene.replace("_", " ").capitalize() in words
    for persona in cast.personas.values():
        assert persona.name in words
    for jump in cast.anywhere.values():
        assert jump.says[0].split()[0] in words
    assert draw(cast) == draw(read_cast(text))


def test_text_of_the_file_is_text_in_the_picture() -> None:
    picture = draw(read_cast(spoiled(("cast: The Shop", "cast: <script>alert(1)</script> & co"))))
    assert "<script" not in picture
    assert ElementTree.fromstring(picture) is not None


@given(
    heights=st.lists(st.floats(10, 300), min_size=1, max_size=9),
    edges=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=25),
)
def test_boxes_never_overlap_and_lines_go_rightward(
    heights: list[float], edges: list[tuple[int, int]]
) -> None:
    nodes = dict(enumerate(heights))
    edges = [(a, b) for a, b in edges if a in nodes and b in nodes]
    layout = layered(nodes, edges, 0, gap=10.0)
    for layer in set(layout.layers.values()):
        spans = [(layout.tops[n], layout.tops[n] + nodes[n]) for n in nodes if layout.layers[n] == layer]
        lanes = [
            heights[layer - layout.layers[a] - 1]
            for (a, b), heights in layout.lanes.items()
            if layout.layers[a] < layer < layout.layers[b]
        ]
        spans = sorted([*spans, *((at - 1, at + 1) for at in lanes)])
        assert all(above[1] < below[0] for above, below in pairwise(spans))
    for a, b in edges:
        assert (a, b) not in layout.lanes or layout.layers[a] < layout.layers[b]
    assert min(layout.tops.values()) >= 0
    assert all(layout.tops[n] + nodes[n] <= layout.height + 1e-6 for n in nodes)


def test_the_command_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "graph.svg"
    assert main(["cast", "draw", str(EXAMPLES / "restaurant.yaml"), "-o", str(out)]) == 0
    assert ElementTree.fromstring(out.read_text(encoding="utf-8")).tag == f"{SVG}svg"
    assert main(["cast", "draw", str(EXAMPLES / "restaurant.yaml")]) == 0
    assert out.read_text(encoding="utf-8") in capsys.readouterr().out
