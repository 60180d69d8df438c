"""exit, quit, help and the notices: what Python's site module would put among the builtins."""

import sys


class Quitter:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Use {self.name}() or Ctrl-D (i.e. EOF) to exit"

    def __call__(self, code=None):
        raise SystemExit(code)


class Notice:
    def __init__(self, name, text):
        self.__name = name
        self.__text = text

    def __repr__(self):
        return self.__text

    def __call__(self):
        print(self.__text)


class Helper:
    def __repr__(self):
        return "Type help() for interactive help, or help(object) for help about object."

    def __call__(self, *args):
        if not args:
            print("help(thing) says what a thing is and how it is called; `help` with the name of a command, without\n"
                  "brackets, says how the command is used.")
            return
        for line in describe(args[0]):
            print(line)


def describe(thing):
    import inspect

    if isinstance(thing, str):
        try:
            __import__(thing)
            thing = sys.modules[thing]
        except ImportError:
            yield f"No Python documentation found for {thing!r}."
            return
    kind = thing if isinstance(thing, type) or inspect.isroutine(thing) or inspect.ismodule(thing) else type(thing)
    name = getattr(kind, "__qualname__", getattr(kind, "__name__", repr(kind)))
    module = getattr(kind, "__module__", None)
    where = f" in module {module}" if module and module != "builtins" else ""
    what = "module" if inspect.ismodule(kind) else "class" if isinstance(kind, type) else "function"
    yield f"Help on {what} {name}{where}:"
    yield ""
    try:
        yield f"{name}{inspect.signature(kind)}"
    except (TypeError, ValueError):
        yield name
    for line in (inspect.getdoc(kind) or "").splitlines():
        yield f"    {line}".rstrip()
    if isinstance(kind, type) or inspect.ismodule(kind):
        names = [n for n in dir(kind) if not n.startswith("_")]
        if names:
            yield ""
            yield "It has: " + ", ".join(names)


def show(rows):
    """Draws a query set, values(), a list of instances or one instance as a table."""
    from _hallpass_show import show

    return show(rows)


def explain(name, names, full):
    """What `name?` shows."""
    import inspect

    try:
        thing = eval(name, names)
    except Exception:
        print(f"Object `{name}` not found.")
        return
    kind = type(thing)
    lines = []
    if callable(thing):
        try:
            lines.append(("Signature", f"{name}{inspect.signature(thing)}"))
        except (TypeError, ValueError):
            pass
    lines.append(("Type", kind.__name__))
    if not callable(thing) and not inspect.ismodule(thing):
        shown = repr(thing)
        lines.append(("Value", shown if len(shown) <= 200 else shown[:200] + "..."))
    options = getattr(thing, "_meta", None)
    if options is not None and hasattr(options, "get_fields"):
        lines.append(("Fields", ", ".join(field.name for field in options.get_fields())))
    if full:
        try:
            lines.append(("Source", "\n" + inspect.getsource(thing)))
        except (TypeError, OSError):
            lines.append(("Has", ", ".join(word for word in dir(thing) if not word.startswith("_"))))
    lines.append(("Docstring", inspect.getdoc(thing) or "<no docstring>"))
    for word, text in lines:
        print(f"{word + ':':<12}{text}")


COPYRIGHT = """\
Copyright (c) 2001-2023 Python Software Foundation.
All Rights Reserved.

Copyright (c) 2000 BeOpen.com.
All Rights Reserved.

Copyright (c) 1995-2001 Corporation for National Research Initiatives.
All Rights Reserved.

Copyright (c) 1991-1995 Stichting Mathematisch Centrum, Amsterdam.
All Rights Reserved."""

NAMES = {
    "exit": Quitter("exit"),
    "quit": Quitter("quit"),
    "help": Helper(),
    "show": show,
    "copyright": Notice("copyright", COPYRIGHT),
    "credits": Notice("credits", "Thanks to the RustPython project and its contributors, and to CWI, CNRI, BeOpen.com, Zope\n"
                                 "Corporation and a cast of thousands for supporting Python development."),
    "license": Notice("license", "The standard library is under the PSF licence (https://docs.python.org/3/license.html),\n"
                                 "the engine under the MIT licence (https://github.com/RustPython/RustPython)."),
}
