"""The Django that this program answers as."""

import sys

VERSION = (5, 2, 19, "final", 0)
__version__ = "5.2.19"


def get_version(version=None):
    if version is None:
        return __version__
    from django.utils.version import get_version

    return get_version(version)


def setup(set_prefix=True):
    """Everything is set up already."""


class _Absent:
    """The last of the finders: names what of Django is not here, and the nearest thing that works."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if not name.startswith(("django.", "rest_framework.")):
            return None
        from _hallpass_absent import reason

        told = reason(name)
        if told is None:
            return None
        # Without the name: `from package import name` would forgive a module of that name, and not say why.
        raise ModuleNotFoundError("No module named %r in hallpass: %s" % (name, told))


sys.meta_path.append(_Absent)
