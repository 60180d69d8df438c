"""Requests and responses as values: to be made, filled, handed about and shown. Who answers requests is hallpassd."""

from django.http.request import HttpHeaders, HttpRequest, QueryDict, RawPostDataException, UnreadablePostError
from django.http.kinds import (
    HttpResponseBadRequest,
    HttpResponseForbidden,
    HttpResponseGone,
    HttpResponseNotAllowed,
    HttpResponseNotFound,
    HttpResponseNotModified,
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
    HttpResponseServerError,
    JsonResponse,
)
from django.http.response import (
    BadHeaderError,
    Http404,
    HttpResponse,
    HttpResponseBase,
    ResponseHeaders,
    StreamingHttpResponse,
)


def parse_cookie(cookie):
    """The names and values of a Cookie header."""
    from http.cookies import _unquote

    found = {}
    for part in cookie.split(";"):
        name, has_name, value = part.partition("=")
        if not has_name:
            name, value = "", name
        if name.strip() or value.strip():
            found[name.strip()] = _unquote(value.strip())
    return found


def __getattr__(name):
    if name == "SimpleCookie":
        from http.cookies import SimpleCookie

        return SimpleCookie
    if name == "FileResponse":
        raise AttributeError("hallpass serves no files: open(...) and pathlib read and write them")
    raise AttributeError("module 'django.http' has no attribute %r" % name)
