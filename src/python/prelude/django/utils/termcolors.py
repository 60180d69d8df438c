"""Colours on a terminal."""

color_names = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
RESET = "0"
_OPTIONS = {"bold": "1", "underscore": "4", "blink": "5", "reverse": "7", "conceal": "8"}


def colorize(text="", opts=(), **kwargs):
    if text == "" and len(opts) == 1 and opts[0] == "reset":
        return "\x1b[%sm" % RESET
    codes = []
    for name, color in kwargs.items():
        if name == "fg":
            codes.append("3%d" % color_names.index(color))
        elif name == "bg":
            codes.append("4%d" % color_names.index(color))
    codes.extend(_OPTIONS[o] for o in opts if o in _OPTIONS)
    text = text or ""
    if "noreset" not in opts:
        text = "%s\x1b[%sm" % (text, RESET)
    return "\x1b[%sm%s" % (";".join(codes), text)


def make_style(opts=(), **kwargs):
    return lambda text: colorize(text, opts, **kwargs)
