"""HTML cut to so many words or letters of its text; what was open is closed."""

import re
from html import escape, unescape
from html.parser import HTMLParser

_EMPTY = frozenset("area base br col embed hr img input link meta param source track wbr".split())


class _Full(Exception):
    """There is no more room."""


class _Cut(HTMLParser):
    def __init__(self, room, ending, by_words):
        super().__init__(convert_charrefs=False)
        self.room, self.ending, self.by_words = room, ending, by_words
        self.made, self.open = [], []

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self.handle_endtag(tag)

    def handle_starttag(self, tag, attrs):
        self.made.append(self.get_starttag_text())
        if tag not in _EMPTY:
            self.open.insert(0, tag)

    def handle_endtag(self, tag):
        if tag not in _EMPTY:
            self.made.append("</%s>" % tag)
            if tag in self.open:
                self.open.remove(tag)

    def handle_entityref(self, name):
        self.handle_data(unescape("&%s;" % name))

    def handle_charref(self, name):
        self.handle_data(unescape("&#%s;" % name))

    def handle_data(self, data):
        pieces = re.split(r"(?<=\S)(?=\s+)", data) if self.by_words else [data]
        length = len([piece for piece in pieces if piece.strip()]) if self.by_words else len(data)
        if length <= self.room:
            self.room -= length
            self.made.append(escape(data))
            return
        if self.by_words:
            kept = "".join(pieces[: self.room])
        else:
            kept = data[: max(0, self.room - len(self.ending))]
        self.made.append(escape(kept) + self.ending if kept or not self.by_words else self.ending)
        raise _Full


def truncated(text, room, ending, by_words):
    cut = _Cut(room, ending, by_words)
    try:
        cut.feed(text)
        cut.close()
    except _Full:
        cut.made.extend("</%s>" % tag for tag in cut.open)
    return "".join(cut.made)
