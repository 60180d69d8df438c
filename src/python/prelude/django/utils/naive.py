"""The warning about moments without a time zone, as it reads in Django."""


def warn(message):
    import linecache
    import warnings

    # The line that Python shows below a warning: there is no such file to read it from.
    linecache.cache[_FILE] = (0, None, [""] * (_LINE - 1) + ["warnings.warn(\n"], _FILE)
    warnings.warn_explicit(message, RuntimeWarning, _FILE, _LINE, registry=_told)


_FILE = "django/db/models/fields/__init__.py"
_LINE = 1671
_told = {}
