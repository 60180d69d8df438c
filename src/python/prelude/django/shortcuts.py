"""One row, a list, or not found."""

from django.http import Http404


def _queryset(klass, caller):
    manager = getattr(klass, "_default_manager", None)
    queryset = klass if manager is None else manager.all()
    if not hasattr(queryset, "get"):
        name = klass.__name__ if isinstance(klass, type) else klass.__class__.__name__
        raise ValueError(
            "First argument to %s() must be a Model, Manager, or QuerySet, not '%s'." % (caller, name)
        )
    return queryset


def get_object_or_404(klass, *args, **kwargs):
    queryset = _queryset(klass, "get_object_or_404")
    try:
        return queryset.get(*args, **kwargs)
    except queryset.model.DoesNotExist:
        raise Http404("No %s matches the given query." % queryset.model._meta.object_name)


async def aget_object_or_404(klass, *args, **kwargs):
    return get_object_or_404(klass, *args, **kwargs)


def get_list_or_404(klass, *args, **kwargs):
    queryset = _queryset(klass, "get_list_or_404")
    found = list(queryset.filter(*args, **kwargs))
    if not found:
        raise Http404("No %s matches the given query." % queryset.model._meta.object_name)
    return found


async def aget_list_or_404(klass, *args, **kwargs):
    return get_list_or_404(klass, *args, **kwargs)


def resolve_url(to, *args, **kwargs):
    """The address of an object that says it, or the one that is given; there are no names of pages."""
    if hasattr(to, "get_absolute_url"):
        return to.get_absolute_url()
    to = str(to)
    if "/" in to or "." in to:
        return to
    raise NotImplementedError("hallpass has no pages, so none is named %r; resolve_url takes an address" % to)


def redirect(to, *args, permanent=False, preserve_request=False, **kwargs):
    from django.http import HttpResponsePermanentRedirect, HttpResponseRedirect

    kind = HttpResponsePermanentRedirect if permanent else HttpResponseRedirect
    return kind(resolve_url(to, *args, **kwargs), preserve_request=preserve_request)


def render(*args, **kwargs):
    raise NotImplementedError("hallpass has no pages and no templates: f-strings and string.Template make text")
