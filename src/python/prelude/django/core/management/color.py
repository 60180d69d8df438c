"""The colours of commands, on a terminal that wants them."""

import os
import sys

_ROLES = {
    "ERROR": {"fg": "red", "opts": ("bold",)},
    "SUCCESS": {"fg": "green", "opts": ("bold",)},
    "WARNING": {"fg": "yellow", "opts": ("bold",)},
    "NOTICE": {"fg": "red"},
    "SQL_FIELD": {"fg": "green", "opts": ("bold",)},
    "SQL_COLTYPE": {"fg": "green"},
    "SQL_KEYWORD": {"fg": "yellow"},
    "SQL_TABLE": {"opts": ("bold",)},
    "HTTP_INFO": {"opts": ("bold",)},
    "HTTP_SUCCESS": {},
    "HTTP_REDIRECT": {"fg": "green"},
    "HTTP_NOT_MODIFIED": {"fg": "cyan"},
    "HTTP_BAD_REQUEST": {"fg": "red", "opts": ("bold",)},
    "HTTP_NOT_FOUND": {"fg": "yellow"},
    "HTTP_SERVER_ERROR": {"fg": "magenta", "opts": ("bold",)},
    "MIGRATE_HEADING": {"fg": "cyan", "opts": ("bold",)},
    "MIGRATE_LABEL": {"opts": ("bold",)},
    "ERROR_OUTPUT": {"fg": "red", "opts": ("bold",)},
}


class Style:
    pass


def supports_color():
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def make_style(config_string=""):
    from django.utils.termcolors import make_style as painter

    style = Style()
    for role, look in _ROLES.items():
        setattr(style, role, painter(**look) if look and config_string != "nocolor" else lambda text: text)
    return style


def no_style():
    return make_style("nocolor")


def color_style(force_color=False):
    if not force_color and (os.environ.get("DJANGO_COLORS") == "nocolor" or not supports_color()):
        return no_style()
    return make_style()
