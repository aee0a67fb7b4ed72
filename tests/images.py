"""The images of an HTML text, for tests of what notebooks show."""

from html.parser import HTMLParser


class _Images(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.found.append(dict(attrs))


def images(text):
    """Return the attributes of each ``<img>`` in an HTML text, in order."""
    parser = _Images()
    parser.feed(text)
    return parser.found
