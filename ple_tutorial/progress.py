"""A progress bar for long work that leaves nothing behind."""

import sys

from tqdm import tqdm


class _CellLine:
    """What tqdm writes to, in a notebook: one line of the cell's output, rewritten in place."""

    def __init__(self):
        from IPython.display import display

        self.handle = display({"text/plain": ""}, raw=True, display_id=True)

    def write(self, text):
        self.handle.update({"text/plain": text.strip("\r\n ")}, raw=True)

    def flush(self):
        pass


def _watching_kernel():
    """True in a notebook that a person looks at; nbclient and nbval run cells without standard input."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", False))


def bar(iterable=None, total=None, label="", show=True):
    """A tqdm bar over ``iterable``: in a terminal or a notebook while it runs, nowhere else, and gone at its end."""
    if show and _watching_kernel():
        return tqdm(iterable, total=total, desc=label, leave=False, file=_CellLine(), ncols=80)
    return tqdm(iterable, total=total, desc=label, leave=False, disable=None if show else True)
