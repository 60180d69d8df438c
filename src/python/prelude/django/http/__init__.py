"""Requests and responses as far as a shell has them: what is not found, and a request to hand about."""

from django.http.request import HttpHeaders, HttpRequest, QueryDict
from django.http.response import Http404


def __getattr__(name):
    if "Response" in name:
        raise AttributeError(
            "hallpass answers requests by hallpassd, not by views: there is no %s; print(...) shows things here" % name
        )
    raise AttributeError("module 'django.http' has no attribute %r" % name)
