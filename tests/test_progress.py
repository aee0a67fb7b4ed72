"""The bar runs, and leaves nothing behind."""

import io

import pytest

from ple_tutorial import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Handle:
    def __init__(self):
        self.shown = []

    def update(self, data, raw):
        assert raw
        self.shown.append(data["text/plain"])


@pytest.mark.parametrize("show", [True, False])
def test_nothing_is_written_where_nobody_watches(capfd, show):
    assert list(progress.bar(range(3), label="epochs", show=show)) == [0, 1, 2]
    with progress.bar(total=2, show=show) as steps:
        steps.update(2)
    assert capfd.readouterr() == ("", "")


def test_the_line_of_a_terminal_is_wiped(monkeypatch):
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    for _ in progress.bar(range(3), label="epochs"):
        pass
    text = terminal.getvalue()
    assert "epochs" in text
    assert "3/3" in text or "0/3" in text
    assert text.split("\r")[-2:] == [" " * len(text.split("\r")[-2]), ""]
    assert "\n" not in text


def test_the_line_is_wiped_after_a_break(monkeypatch):
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    for _ in progress.bar(range(3), label="epochs"):
        break
    assert "epochs" in terminal.getvalue()
    assert terminal.getvalue().split("\r")[-2].strip() == ""


def test_hidden_in_a_terminal(monkeypatch):
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    assert list(progress.bar(range(3), show=False)) == [0, 1, 2]
    assert terminal.getvalue() == ""


def test_a_notebook_cell_ends_empty(monkeypatch, capfd):
    handle, calls = Handle(), []
    monkeypatch.setattr("IPython.display.display", lambda *args, **kwargs: calls.append((args, kwargs)) or handle)
    monkeypatch.setattr(progress, "_watching_kernel", lambda: True)
    assert list(progress.bar(range(3), label="epochs")) == [0, 1, 2]
    assert calls == [(({"text/plain": ""},), {"raw": True, "display_id": True})]
    assert any("epochs" in text for text in handle.shown)
    assert handle.shown[-1] == ""
    assert list(progress.bar(range(3), show=False)) == [0, 1, 2]
    assert len(calls) == 1
    assert capfd.readouterr() == ("", "")


def test_no_kernel_watches_here():
    assert progress._watching_kernel() is False
