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
from django.http.response import BadHeaderError, Http404, HttpResponse, ResponseHeaders, StreamingHttpResponse


def __getattr__(name):
    if name == "FileResponse":
        raise AttributeError("hallpass serves no files: open(...) and pathlib read and write them")
    raise AttributeError("module 'django.http' has no attribute %r" % name)
