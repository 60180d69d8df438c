"""What URLs and HTTP headers carry."""

from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlencode as _urlencode


def urlencode(query, doseq=False):
    """As the standard library's, but None is refused."""
    if hasattr(query, "items"):
        query = query.items()
    pairs = []
    for key, value in query:
        if value is None:
            raise TypeError(
                "Cannot encode None for key '%s' in a query string. Did you mean to pass an empty string or omit the "
                "value?" % key
            )
        if not doseq or isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
            pairs.append((key, value))
        else:
            pairs.append((key, [item if isinstance(item, bytes) else str(item) for item in value]))
    return _urlencode(pairs, doseq)


def http_date(epoch_seconds=None):
    from email.utils import formatdate

    return formatdate(epoch_seconds, usegmt=True)


def parse_http_date(date):
    from email.utils import parsedate_to_datetime

    try:
        return int(parsedate_to_datetime(date).timestamp())
    except Exception as exc:
        raise ValueError("%r is not in a valid HTTP date format" % date) from exc


def parse_http_date_safe(date):
    try:
        return parse_http_date(date)
    except ValueError:
        return None


def base36_to_int(s):
    # Thirteen digits hold 64 bits.
    if len(s) > 13:
        raise ValueError("Base36 input too large")
    return int(s, 36)


def int_to_base36(i):
    if i < 0:
        raise ValueError("Negative base36 conversion input.")
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while True:
        i, rest = divmod(i, 36)
        text = digits[rest] + text
        if i == 0:
            return text


def urlsafe_base64_encode(s):
    import base64

    return base64.urlsafe_b64encode(s).rstrip(b"\n=").decode("ascii")


def urlsafe_base64_decode(s):
    import base64
    import binascii

    s = s.encode()
    try:
        return base64.urlsafe_b64decode(s.ljust(len(s) + len(s) % 4, b"="))
    except (LookupError, binascii.Error) as e:
        raise ValueError(e)


def url_has_allowed_host_and_scheme(url, allowed_hosts, require_https=False):
    from urllib.parse import urlsplit

    url = (url or "").strip()
    if not url or url.startswith("///") or ord(url[0]) < 32:
        return False
    allowed = {allowed_hosts} if isinstance(allowed_hosts, str) else set(allowed_hosts or ())
    for text in (url, url.replace("\\", "/")):
        try:
            parts = urlsplit(text)
        except ValueError:
            return False
        if text.startswith("///") or (not parts.netloc and parts.scheme):
            return False
        scheme = "http" if not parts.scheme and parts.netloc else parts.scheme
        if parts.netloc and parts.netloc not in allowed:
            return False
        if scheme and scheme not in (["https"] if require_https else ["http", "https"]):
            return False
    return True


def escape_leading_slashes(url):
    return "/%2F" + url.removeprefix("//") if url.startswith("//") else url


def quote_etag(etag_str):
    return etag_str if etag_str.startswith(('"', 'W/"')) else '"%s"' % etag_str


def parse_etags(etag_str):
    import re

    if etag_str.strip() == "*":
        return ["*"]
    found = (re.match(r'\s*((?:W/)?"[^"]*")\s*$', one) for one in etag_str.split(","))
    return [one[1] for one in found if one]


def is_same_domain(host, pattern):
    if not pattern:
        return False
    pattern = pattern.lower()
    return (pattern[0] == "." and (host.endswith(pattern) or host == pattern[1:])) or pattern == host


def content_disposition_header(as_attachment, filename):
    if not filename:
        return "attachment" if as_attachment else None
    kind = "attachment" if as_attachment else "inline"
    if filename.isascii():
        return '%s; filename="%s"' % (kind, filename.replace("\\", "\\\\").replace('"', '\\"'))
    return "%s; filename*=utf-8''%s" % (kind, quote(filename))


def parse_header_parameters(line, max_length=None):
    """The value of a header and its parameters: `text/html; charset=utf-8`."""
    if max_length is not None and line and len(line) > max_length:
        raise ValueError("Unable to parse header parameters (value too long).")
    from email.message import Message

    header = Message()
    header["content-type"] = line
    given = header.get_params(unquote=True) or [("", "")]
    return given[0][0].lower().strip(), {name.lower(): value for name, value in given[1:]}
