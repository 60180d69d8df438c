"""Addresses in a text, as links."""

import re

from django.utils.html import escape, smart_urlquote
from django.utils.safestring import SafeData, mark_safe

_SPLIT = re.compile(r"""([\s<>"']+)""")
_ADDRESS = re.compile(r"^https?://\[?\w", re.IGNORECASE)
_BARE = re.compile(r"^www\.|^(?!http)\w[^@]+\.(com|edu|gov|int|mil|net|org)($|/.*)$", re.IGNORECASE)
_MAIL = re.compile(r"^[^\s@:,?]+@[\w-]+(\.[\w-]+)+$")
_TRAILING = ".,:;!"
_PAIRS = (("(", ")"), ("[", "]"))


def _trimmed(word):
    """What stands before the address, the address, and what stands behind it: brackets around it and punctuation."""
    lead, trail, changed = "", "", True
    while changed and word:
        changed = False
        for left, right in _PAIRS:
            if word.startswith(left):
                word, lead, changed = word[1:], lead + left, True
            if word.endswith(right) and word.count(right) == word.count(left) + 1:
                word, trail, changed = word[:-1], right + trail, True
        stripped = word.rstrip(_TRAILING)
        if stripped != word:
            word, trail, changed = stripped, word[len(stripped):] + trail, True
    return lead, word, trail


def urlize(text, trim_url_limit=None, nofollow=False, autoescape=False):
    safe = isinstance(text, SafeData)
    parts = [_part(word, trim_url_limit, nofollow, autoescape, safe) for word in _SPLIT.split(str(text))]
    return mark_safe("".join(parts))


def _part(word, limit, nofollow, autoescape, safe):
    if "." in word or "@" in word or ":" in word:
        lead, middle, trail = _trimmed(word)
        url, rel = None, ' rel="nofollow"' if nofollow else ""
        if _ADDRESS.match(middle):
            url = smart_urlquote(middle)
        elif _BARE.match(middle):
            url = smart_urlquote("http://%s" % middle)
        elif ":" not in middle and _MAIL.match(middle):
            local, domain = middle.rsplit("@", 1)
            url, rel = "mailto:%s@%s" % (local, domain.encode("idna").decode("ascii")), ""
        if url is not None:
            shown = middle if limit is None or len(middle) <= limit else middle[: max(0, limit - 1)] + "\u2026"
            if autoescape and not safe:
                lead, trail, shown = escape(lead), escape(trail), escape(shown)
            return '%s<a href="%s"%s>%s</a>%s' % (lead, escape(url), rel, shown, trail)
    return word if safe or not autoescape else escape(word)
