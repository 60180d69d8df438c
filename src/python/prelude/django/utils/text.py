"""Words and sentences."""

from django.utils.functional import keep_lazy_text, lazy


@keep_lazy_text
def capfirst(x):
    if not x:
        return x
    x = str(x)
    return x[0].upper() + x[1:]


def slugify(value, allow_unicode=False):
    import unicodedata

    value = str(value)
    if allow_unicode:
        value = unicodedata.normalize("NFKC", value)
    else:
        value = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode("ascii")
    slug = ""
    for c in value.lower():
        if c.isalnum() or c == "_":
            slug += c
        elif (c == "-" or c.isspace()) and not slug.endswith("-"):
            slug += "-"
    return slug.strip("-_")


def wrap(text, width):
    import textwrap

    wrapper = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False, replace_whitespace=False)
    result = []
    for line in text.splitlines():
        result.extend(wrapper.wrap(line) or [line])
    if text.endswith("\n"):
        result.append("")
    return "\n".join(result)


class Truncator:
    """Text that is cut to so many characters or words."""

    def __init__(self, text):
        self._text = str(text)

    def __str__(self):
        return self._text

    def add_truncation_text(self, text, truncate=None):
        if truncate is None:
            truncate = "%(truncated_text)s\u2026"
        if "%(truncated_text)s" in truncate:
            return truncate % {"truncated_text": text}
        return text if text.endswith(truncate) else text + truncate

    def _of_html(self, num, truncate, by_words):
        from django.utils.truncated import truncated

        return truncated(self._text, num, self.add_truncation_text("", truncate), by_words)

    def chars(self, num, truncate=None, html=False):
        import unicodedata

        if html and num > 0:
            return self._of_html(num, truncate, False)
        text = unicodedata.normalize("NFC", self._text)
        if num <= 0:
            return ""
        if len(text) <= num:
            return text
        room = num - len(self.add_truncation_text("", truncate))
        return self.add_truncation_text(text[: max(room, 0)], truncate)

    def words(self, num, truncate=None, html=False):
        if html and num > 0:
            return self._of_html(num, truncate, True)
        words = self._text.split()
        if num <= 0:
            return ""
        if len(words) <= num:
            return " ".join(words)
        return self.add_truncation_text(" ".join(words[:num]), truncate)


def get_valid_filename(name):
    from django.core.exceptions import SuspiciousFileOperation

    text = "".join(c for c in str(name).strip().replace(" ", "_") if c.isalnum() or c in "-_.")
    if text in ("", ".", ".."):
        raise SuspiciousFileOperation("Could not derive file name from '%s'" % name)
    return text


def get_text_list(list_, last_word="or"):
    if not list_:
        return ""
    if len(list_) == 1:
        return str(list_[0])
    return "%s %s %s" % (", ".join(str(i) for i in list_[:-1]), last_word, list_[-1])


def normalize_newlines(text):
    return str(text).replace("\r\n", "\n").replace("\r", "\n")


def phone2numeric(phone):
    letters = dict(zip("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999"))
    return "".join(letters.get(c, c) for c in phone.lower())


def camel_case_to_spaces(value):
    import re

    return re.sub(r"(((?<=[a-z])[A-Z])|([A-Z](?![A-Z]|$)))", r" \1", value).strip().lower()


def smart_split(text):
    import re

    parts = r"""((?:[^\s'"]*(?:(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')[^\s'"]*)+)|\S+)"""
    for found in re.finditer(parts, str(text)):
        yield found[0]


def unescape_string_literal(s):
    if not s or s[0] not in "\"'" or s[-1] != s[0]:
        raise ValueError("Not a string literal: %r" % s)
    return s[1:-1].replace("\\%s" % s[0], s[0]).replace("\\\\", "\\")


def _format_lazy(format_string, *args, **kwargs):
    return format_string.format(*args, **kwargs)


format_lazy = lazy(_format_lazy, str)


def compress_string(s):
    import gzip

    return gzip.compress(s, 6, mtime=0)
