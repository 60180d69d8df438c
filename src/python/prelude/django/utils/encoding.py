"""Text and bytes, each made of the other."""

import datetime

from django.utils.functional import Promise

_PROTECTED = (type(None), int, float, datetime.datetime, datetime.date, datetime.time)


class DjangoUnicodeDecodeError(UnicodeDecodeError):
    def __str__(self):
        return "%s. You passed in %r (%s)" % (super().__str__(), self.object, type(self.object))


def is_protected_type(obj):
    """Whether strings_only leaves it as it is."""
    if isinstance(obj, _PROTECTED):
        return True
    return type(obj).__name__ == "Decimal"


def force_str(s, encoding="utf-8", strings_only=False, errors="strict"):
    if type(s) is str:
        return s
    if strings_only and is_protected_type(s):
        return s
    if not isinstance(s, bytes):
        return str(s)
    try:
        return str(s, encoding, errors)
    except UnicodeDecodeError as error:
        raise DjangoUnicodeDecodeError(*error.args) from None


def smart_str(s, encoding="utf-8", strings_only=False, errors="strict"):
    return s if isinstance(s, Promise) else force_str(s, encoding, strings_only, errors)


def force_bytes(s, encoding="utf-8", strings_only=False, errors="strict"):
    if isinstance(s, bytes):
        return s if encoding == "utf-8" else s.decode("utf-8", errors).encode(encoding, errors)
    if strings_only and is_protected_type(s):
        return s
    if isinstance(s, memoryview):
        return bytes(s)
    return str(s).encode(encoding, errors)


def smart_bytes(s, encoding="utf-8", strings_only=False, errors="strict"):
    return s if isinstance(s, Promise) else force_bytes(s, encoding, strings_only, errors)


def iri_to_uri(iri):
    if iri is None:
        return iri
    from urllib.parse import quote

    return quote(str(iri), safe="/#%[]=:;$&()+,!?*@'~")


def uri_to_iri(uri):
    if uri is None:
        return uri
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(force_bytes(uri)).decode("utf-8", "replace")


def filepath_to_uri(path):
    if path is None:
        return path
    from urllib.parse import quote

    return quote(str(path).replace("\\", "/"), safe="/~!*()'")


def escape_uri_path(path):
    from urllib.parse import quote

    return quote(path, safe="/:;&@=+$,~!*'()%-_.")


def punycode(domain):
    return domain.encode("idna").decode("ascii")


def get_system_encoding():
    return "utf-8"


def repercent_broken_unicode(path):
    """Keeps escaped what is no UTF-8."""
    from urllib.parse import quote

    while True:
        try:
            path.decode()
            return path
        except UnicodeDecodeError as error:
            broken = quote(path[error.start : error.end], safe=b"/#%[]=:;$&()+,!?*@'~")
            path = path[: error.start] + broken.encode() + path[error.end :]
