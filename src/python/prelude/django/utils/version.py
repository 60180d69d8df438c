"""Versions of Django and Python."""

import sys

PY310 = sys.version_info >= (3, 10)
PY311 = sys.version_info >= (3, 11)
PY312 = sys.version_info >= (3, 12)
PY313 = sys.version_info >= (3, 13)
PY314 = sys.version_info >= (3, 14)


def get_complete_version(version=None):
    from django import VERSION

    return VERSION if version is None else version


def get_main_version(version=None):
    version = get_complete_version(version)
    return ".".join(str(part) for part in version[: 2 if version[2] == 0 else 3])


def get_version(version=None):
    version = get_complete_version(version)
    kinds = {"alpha": "a", "beta": "b", "rc": "rc"}
    return get_main_version(version) + ("" if version[3] == "final" else kinds[version[3]] + str(version[4]))


def get_version_tuple(version):
    parts = []
    for part in version.split("."):
        digits = part
        while digits and not digits.isdigit():
            digits = digits[:-1]
        if digits:
            parts.append(int(digits))
        if digits != part:
            break
    return tuple(parts)


def get_docs_version(version=None):
    version = get_complete_version(version)
    return "dev" if version[3] != "final" else "%d.%d" % version[:2]
