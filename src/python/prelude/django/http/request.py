"""A request, to be handed to authenticate() and its like."""

from django.utils.datastructures import CaseInsensitiveMapping, MultiValueDict


class UnreadablePostError(OSError):
    pass


class RawPostDataException(Exception):
    """You cannot access raw_post_data from a request that has been read."""


class QueryDict(MultiValueDict):
    """The parameters of a question; those of a request stay as they are."""

    _mutable = True

    def __init__(self, query_string=None, mutable=False, encoding=None):
        from urllib.parse import parse_qsl

        super().__init__()
        self.encoding = encoding or "utf-8"
        if isinstance(query_string, bytes):
            query_string = query_string.decode(self.encoding, "replace")
        for key, value in parse_qsl(query_string or "", keep_blank_values=True):
            self.appendlist(key, value)
        self._mutable = mutable

    @classmethod
    def fromkeys(cls, iterable, value="", mutable=False, encoding=None):
        made = cls("", mutable=True, encoding=encoding)
        for key in iterable:
            made.appendlist(key, value)
        made._mutable = mutable
        return made

    def _assert_mutable(self):
        if not self._mutable:
            raise AttributeError("This QueryDict instance is immutable")

    def copy(self):
        other = type(self)("", mutable=True, encoding=self.encoding)
        for key, values in self.lists():
            other.setlist(key, values[:])
        return other

    __copy__ = copy

    def __deepcopy__(self, memo):
        return self.copy()

    def urlencode(self, safe=None):
        from urllib.parse import quote, urlencode

        pairs = [(key, str(value)) for key, values in self.lists() for value in values]
        if safe:
            return "&".join("%s=%s" % (quote(key, safe), quote(value, safe)) for key, value in pairs)
        return urlencode(pairs)


def _guarded(name):
    change = getattr(MultiValueDict, name)

    def guarded(self, *args, **kwargs):
        self._assert_mutable()
        return change(self, *args, **kwargs)

    guarded.__name__ = name
    return guarded


for _name in ("__setitem__", "__delitem__", "setlist", "setlistdefault", "appendlist", "pop", "popitem", "clear",
              "setdefault", "update"):
    setattr(QueryDict, _name, _guarded(_name))


class HttpHeaders(CaseInsensitiveMapping):
    def __init__(self, environ):
        named = {}
        for key, value in environ.items():
            if key.startswith("HTTP_"):
                key = key[5:]
            elif key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                continue
            named[key.replace("_", "-").title()] = value
        super().__init__(named)


class HttpRequest:
    body = b""
    encoding = None

    def __init__(self):
        self.GET = QueryDict(mutable=True)
        self.POST = QueryDict(mutable=True)
        self.COOKIES = {}
        self.META = {}
        self.FILES = MultiValueDict()
        self.path = self.path_info = ""
        self.method = None
        self.resolver_match = None
        self.content_type = None
        self.content_params = None

    def __repr__(self):
        if self.method is None or not self.path:
            return "<%s>" % type(self).__name__
        return "<%s: %s %r>" % (type(self).__name__, self.method, self.path)

    @property
    def headers(self):
        return HttpHeaders(self.META)

    @property
    def scheme(self):
        return self.META.get("wsgi.url_scheme", "http")

    def is_secure(self):
        return self.scheme == "https"

    def get_full_path(self, force_append_slash=False):
        from django.utils.encoding import escape_uri_path, iri_to_uri

        slash = "/" if force_append_slash and not self.path.endswith("/") else ""
        query = self.META.get("QUERY_STRING", "")
        return escape_uri_path(self.path) + slash + ("?" + iri_to_uri(query) if query else "")

    def get_full_path_info(self, force_append_slash=False):
        return self.get_full_path(force_append_slash)

    def get_host(self):
        if "HTTP_HOST" in self.META:
            return self.META["HTTP_HOST"]
        host, port = self.META["SERVER_NAME"], self.get_port()
        return host if port == ("443" if self.is_secure() else "80") else "%s:%s" % (host, port)

    def get_port(self):
        return str(self.META["SERVER_PORT"])

    def build_absolute_uri(self, location=None):
        from urllib.parse import urljoin

        from django.utils.encoding import iri_to_uri

        base = "%s://%s%s" % (self.scheme, self.get_host(), self.path)
        return iri_to_uri(urljoin(base, self.get_full_path() if location is None else str(location)))

    def accepts(self, media_type):
        wanted = self.headers.get("Accept", "*/*")
        kinds = [part.split(";")[0].strip() for part in wanted.split(",")]
        return any(kind in ("*/*", media_type, media_type.split("/")[0] + "/*") for kind in kinds)
