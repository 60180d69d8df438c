"""The warning about moments without a time zone, as it reads in Django."""


def warn(message):
    import warnings

    warnings.warn_explicit(
        message, RuntimeWarning, "django/db/models/fields/__init__.py", 1671, registry=_told
    )


_told = {}
