"""How a figure and its alt text are stored, so that they reach a reader."""

import logging

import nbformat
import pytest
from images import images
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from ple_tutorial import plots

ALT = 'A curve, "flat", where x < 2 & y > 1'


def page(data, caplog):
    """Return nbconvert's HTML page of a notebook with one output, and the warnings that it gave."""
    output = new_output("display_data", data=data)
    nb = new_notebook(cells=[new_code_cell("plots.show(fig)", outputs=[output], execution_count=1)])
    nbformat.validate(nb)
    with caplog.at_level(logging.WARNING):
        text, _ = HTMLExporter().from_notebook_node(nb)
    return text, [record.getMessage() for record in caplog.records]


def test_the_alt_text_arrives_in_nbconverts_page(caplog):
    picture = plots.picture(plots.figure()[0], ALT)
    text, warnings = page(picture, caplog)
    (image,) = images(text)
    assert image["alt"] == ALT == picture["text/plain"]
    assert image["width"] == "715"
    assert image["src"].startswith("data:image/png;base64,iVBORw0KGgo")
    assert warnings == []


def test_a_png_alone_would_lose_it(caplog):
    """The reason for the form: once nbconvert writes alt texts by itself, a plain PNG output will do."""
    data = {"image/png": "aGVsbG8=", "text/plain": ALT}
    text, warnings = page(data, caplog)
    assert warnings == ["Alternative text is missing on 1 image(s)."]
    assert "flat" not in text


def test_a_label_of_the_figure_is_its_alt_text():
    fig = plots.figure()[0]
    fig.set_label("Empty axes, as an example.")
    assert plots.picture(fig)["text/plain"] == "Empty axes, as an example."
    assert plots.picture(fig, ALT)["text/plain"] == ALT


@pytest.mark.parametrize("alt", ["plot", "", None, 3])
def test_a_figure_without_an_alt_text_is_refused(alt):
    with pytest.raises(ValueError, match="alt: expected a sentence"):
        plots.show(plots.figure()[0], alt)
