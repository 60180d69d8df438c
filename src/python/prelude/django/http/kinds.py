"""Responses of one status each, and those that are redirections or JSON."""

from django.http.response import HttpResponse


class HttpResponseRedirectBase(HttpResponse):
    allowed_schemes = ["http", "https", "ftp"]

    def __init__(self, redirect_to, preserve_request=False, *args, **kwargs):
        from urllib.parse import urlsplit

        from django.utils.encoding import iri_to_uri

        super().__init__(*args, **kwargs)
        self["Location"] = iri_to_uri(redirect_to)
        scheme = urlsplit(str(redirect_to)).scheme
        if preserve_request:
            self.status_code = self.status_code_preserve_request
        if scheme and scheme not in self.allowed_schemes:
            from django.core.exceptions import DisallowedRedirect

            raise DisallowedRedirect("Unsafe redirect to URL with protocol '%s'" % scheme)

    @property
    def url(self):
        return self["Location"]

    @property
    def _after(self):
        return ', url="%s"' % self.url


class HttpResponseRedirect(HttpResponseRedirectBase):
    status_code = 302
    status_code_preserve_request = 307


class HttpResponsePermanentRedirect(HttpResponseRedirectBase):
    status_code = 301
    status_code_preserve_request = 308


class HttpResponseNotModified(HttpResponse):
    status_code = 304

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self["content-type"]

    @property
    def content(self):
        return b""

    @content.setter
    def content(self, value):
        if value:
            raise AttributeError("You cannot set content to a 304 (Not Modified) response")
        self._container = []


class HttpResponseBadRequest(HttpResponse):
    status_code = 400


class HttpResponseForbidden(HttpResponse):
    status_code = 403


class HttpResponseNotFound(HttpResponse):
    status_code = 404


class HttpResponseNotAllowed(HttpResponse):
    status_code = 405

    def __init__(self, permitted_methods, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self["Allow"] = ", ".join(permitted_methods)

    @property
    def _before(self):
        return " [%s]" % self["Allow"]


class HttpResponseGone(HttpResponse):
    status_code = 410


class HttpResponseServerError(HttpResponse):
    status_code = 500


class JsonResponse(HttpResponse):
    def __init__(self, data, encoder=None, safe=True, json_dumps_params=None, **kwargs):
        import json

        if encoder is None:
            from django.core.serializers.json import DjangoJSONEncoder as encoder
        if safe and not isinstance(data, dict):
            raise TypeError("In order to allow non-dict objects to be serialized set the safe parameter to False.")
        kwargs.setdefault("content_type", "application/json")
        super().__init__(content=json.dumps(data, cls=encoder, **(json_dumps_params or {})), **kwargs)
