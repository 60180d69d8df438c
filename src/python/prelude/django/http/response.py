"""The one answer that a shell gets to see."""


class Http404(Exception):
    pass
