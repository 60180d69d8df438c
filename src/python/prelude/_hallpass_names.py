"""The names a session has without an import: those of Django's shell module, and the models.

Nothing here is imported before a script names it (the engine asks with the names that the script uses): a script that
names nothing pays for nothing.
"""

import sys


class _Later:
    """Stands for a module until somebody asks it for something."""

    def __init__(self, name):
        self.__dict__["__name__"] = name

    def __getattr__(self, attribute):
        return getattr(_module(self.__name__), attribute)

    def __repr__(self):
        return repr(_module(self.__name__))


def _module(path):
    __import__(path)
    return sys.modules[path]


def _of(path, attribute):
    def get():
        return getattr(_module(path), attribute)

    return get


# In the order in which Django's shell has them.
OWN = {
    "os": lambda: _module("os"),
    "select": lambda: _Later("select"),
    "sys": lambda: sys,
    "traceback": lambda: _Later("traceback"),
    "defaultdict": _of("collections", "defaultdict"),
    "import_module": _of("importlib", "import_module"),
    "apps": _of("django.apps", "apps"),
    "AppRegistryNotReady": _of("django.core.exceptions", "AppRegistryNotReady"),
    "BaseCommand": _of("django.core.management", "BaseCommand"),
    "CommandError": _of("django.core.management", "CommandError"),
    "OrderedSet": _of("django.utils.datastructures", "OrderedSet"),
    "import_dotted_path": _of("django.utils.module_loading", "import_string"),
    "Command": _of("django.core.management.commands.shell", "Command"),
}

MODELS = {
    "TokenProxy": _of("rest_framework.authtoken.models", "TokenProxy"),
    "Token": _of("rest_framework.authtoken.models", "Token"),
    "Session": _of("django.contrib.sessions.models", "Session"),
    "ContentType": _of("django.contrib.contenttypes.models", "ContentType"),
    "User": _of("django.contrib.auth.models", "User"),
    "Group": _of("django.contrib.auth.models", "Group"),
    "Permission": _of("django.contrib.auth.models", "Permission"),
    "LogEntry": _of("django.contrib.admin.models", "LogEntry"),
}


def fill(namespace, names, models, own):
    """Puts the names that are asked for (None: all) into the namespace, unless they are there."""
    site = ("copyright", "credits", "exit", "help", "license", "quit", "show")
    if names is None or any(name in names for name in site):
        import builtins
        from _hallpass_site import NAMES

        for name, value in NAMES.items():
            setattr(builtins, name, value)
    for table, wanted in ((OWN, own), (MODELS, models)):
        if not wanted:
            continue
        for name, get in table.items():
            if name in namespace or (names is not None and name not in names):
                continue
            try:
                namespace[name] = get()
            except (ImportError, AttributeError):
                # A part of Django that is not there is not imported.
                pass
