"""A request, to be handed to authenticate() and its like."""

from django.utils.datastructures import CaseInsensitiveMapping, MultiValueDict


class QueryDict(MultiValueDict):
    def __init__(self, query_string=None, mutable=False, encoding=None):
        from urllib.parse import parse_qsl

        super().__init__()
        for key, value in parse_qsl(query_string or "", keep_blank_values=True):
            self.appendlist(key, value)

    def copy(self):
        other = QueryDict()
        for key, values in self.lists():
            other.setlist(key, values[:])
        return other

    def urlencode(self, safe=None):
        from urllib.parse import urlencode

        return urlencode([(key, value) for key, values in self.lists() for value in values], safe=safe or "")


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
    def __init__(self):
        self.GET = QueryDict()
        self.POST = QueryDict()
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
