"""Paths."""

import os
from pathlib import Path


def safe_join(base, *paths):
    """The absolute path of a file below `base`."""
    from django.core.exceptions import SuspiciousFileOperation

    final, root = os.path.abspath(os.path.join(base, *paths)), os.path.abspath(base)
    if final != root and not final.startswith(root.rstrip(os.sep) + os.sep):
        raise SuspiciousFileOperation(
            "The joined path ({}) is located outside of the base path component ({})".format(final, root)
        )
    return final


def to_path(value):
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        raise TypeError("Invalid path type: %s" % type(value).__name__)
    return Path(value)
