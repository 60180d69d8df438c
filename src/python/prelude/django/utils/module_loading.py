"""Imports by dotted names."""

import sys


def import_string(dotted_path):
    module_path, dot, class_name = dotted_path.rpartition(".")
    if not dot:
        raise ImportError("%s doesn't look like a module path" % dotted_path)
    __import__(module_path)
    try:
        return getattr(sys.modules[module_path], class_name)
    except AttributeError as err:
        raise ImportError(
            'Module "%s" does not define a "%s" attribute/class' % (module_path, class_name)
        ) from err


def cached_import(module_path, class_name):
    return import_string("%s.%s" % (module_path, class_name))


def module_has_submodule(package, module_name):
    try:
        __import__("%s.%s" % (package.__name__, module_name))
    except ModuleNotFoundError:
        return False
    return True


def autodiscover_modules(*args, **kwargs):
    """There are no apps beside the built-in ones."""


def module_dir(module):
    raise ValueError("Cannot determine directory containing %s" % module)
