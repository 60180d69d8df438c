"""Text for HTML, and HTML as text."""

from django.utils.safestring import SafeData, SafeString, mark_safe

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
_JS_ESCAPES = {ord(c): "\\u%04X" % ord(c) for c in "\\'\"><&=-;`\u2028\u2029"}
_JS_ESCAPES.update({n: "\\u%04X" % n for n in range(32)})


def escape(text):
    return SafeString("".join(_ESCAPES.get(c, c) for c in str(text)))


def conditional_escape(text):
    return text.__html__() if hasattr(text, "__html__") else escape(text)


def escapejs(value):
    return mark_safe(str(value).translate(_JS_ESCAPES))


def json_script(value, element_id=None, encoder=None):
    import json

    text = json.dumps(value, cls=encoder)
    for c in "<>&":
        text = text.replace(c, "\\u%04X" % ord(c))
    given = ' id="%s"' % element_id if element_id else ""
    return mark_safe('<script%s type="application/json">%s</script>' % (given, text))


def format_html(format_string, *args, **kwargs):
    if not (args or kwargs):
        import warnings

        from django.utils.deprecation import RemovedInDjango60Warning

        warnings.warn(
            "Calling format_html() without passing args or kwargs is deprecated.", RemovedInDjango60Warning, stacklevel=2
        )
    safe = [conditional_escape(arg) for arg in args]
    return mark_safe(format_string.format(*safe, **{k: conditional_escape(v) for k, v in kwargs.items()}))


def format_html_join(sep, format_string, args_generator):
    rows = (
        format_html(format_string, **args) if isinstance(args, dict) else format_html(format_string, *args)
        for args in args_generator
    )
    return mark_safe(conditional_escape(sep).join(rows))


def linebreaks(value, autoescape=False):
    paragraphs = []
    for paragraph in str(value).replace("\r\n", "\n").replace("\r", "\n").split("\n\n"):
        paragraph = paragraph.strip("\n") if not paragraphs else paragraph.lstrip("\n")
        paragraphs.append("<p>%s</p>" % (escape(paragraph) if autoescape else paragraph).replace("\n", "<br>"))
    return "\n\n".join(paragraphs)


def strip_tags(value):
    from html.parser import HTMLParser

    class Text(HTMLParser):
        def __init__(self):
            super().__init__(convert_charrefs=False)
            self.parts = []

        def handle_data(self, data):
            self.parts.append(data)

        def handle_entityref(self, name):
            self.parts.append("&%s;" % name)

        def handle_charref(self, name):
            self.parts.append("&#%s;" % name)

    value = str(value)
    while "<" in value and ">" in value:
        parser = Text()
        parser.feed(value)
        parser.close()
        stripped = "".join(parser.parts)
        if stripped.count("<") == value.count("<"):
            break
        value = stripped
    return value


def strip_spaces_between_tags(value):
    import re

    return re.sub(r">\s+<", "><", str(value))


def avoid_wrapping(value):
    return value.replace(" ", "\xa0")


def smart_urlquote(url):
    from urllib.parse import quote, unquote, urlsplit, urlunsplit

    parts = urlsplit(url)
    return urlunsplit(parts._replace(**{
        name: quote(unquote(getattr(parts, name)), safe="!*'();:@&=+$,/?#[]~") for name in ("path", "query", "fragment")
    }))


def urlize(text, trim_url_limit=None, nofollow=False, autoescape=False):
    from django.utils.urlizer import urlize

    return urlize(text, trim_url_limit, nofollow, autoescape)


def html_safe(klass):
    klass.__html__ = lambda self: str(self)
    return klass
