"""The warning about moments without a time zone, as it reads in Django."""


def warn(message, line=None):
    """Told once for each text and line of Django's: days have another line than moments."""
    import linecache
    import warnings

    # The line that Python shows below a warning: there is no such file to read it from.
    line = line or _LINE
    linecache.cache[_FILE] = (0, None, [""] * (line - 1) + ["warnings.warn(\n"], _FILE)
    warnings.warn_explicit(message, RuntimeWarning, _FILE, line, registry=_told)


_FILE = "django/db/models/fields/__init__.py"
_LINE = 1671
DAY_LINE = 1612
_told = {}
