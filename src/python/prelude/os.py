"""The part of os that scripts of an administrator use: environment, paths, files; no processes."""

import abc
import sys
import posixpath as path
from posixpath import altsep, curdir, defpath, devnull, extsep, pardir, pathsep, sep

import _hallpass_system as _system

sys.modules["os.path"] = path
name = "posix"
linesep = "\n"
error = OSError
environ = _system.environ()
getpid = _system.getpid
urandom = _system.urandom


def getenv(key, default=None):
    return environ.get(key, default)


class PathLike(abc.ABC):
    @abc.abstractmethod
    def __fspath__(self):
        raise NotImplementedError

    @classmethod
    def __subclasshook__(cls, subclass):
        if cls is PathLike:
            return hasattr(subclass, "__fspath__") or NotImplemented
        return NotImplemented

    __class_getitem__ = classmethod(type(list[int]))


def fspath(path):
    if isinstance(path, (str, bytes)):
        return path
    try:
        path_repr = type(path).__fspath__(path)
    except AttributeError:
        raise TypeError("expected str, bytes or os.PathLike object, not " + type(path).__name__) from None
    if isinstance(path_repr, (str, bytes)):
        return path_repr
    raise TypeError("expected {}.__fspath__() to return str or bytes, not {}".format(
        type(path).__name__, type(path_repr).__name__))


def fsencode(filename):
    return fspath(filename).encode("utf-8", "surrogateescape") if not isinstance(filename, bytes) else filename


def fsdecode(filename):
    return fspath(filename) if not isinstance(filename, bytes) else filename.decode("utf-8", "surrogateescape")
