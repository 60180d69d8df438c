"""Regular expressions that are compiled at their first use."""

from django.utils.functional import SimpleLazyObject


def _lazy_re_compile(regex, flags=0):
    def compile():
        import re

        return re.compile(regex, flags) if isinstance(regex, (str, bytes)) else regex

    return SimpleLazyObject(compile)
