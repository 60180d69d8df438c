"""The part of os that an administrator's scripts use: environment, paths, files. There are no processes here."""

import abc
import sys
import posixpath as path
from _collections_abc import MutableMapping
from posixpath import altsep, curdir, defpath, devnull, extsep, pardir, pathsep, sep

import _hallpass_files as _files
import _hallpass_system as _system

sys.modules["os.path"] = path
name = "posix"
linesep = "\n"
error = OSError
supports_follow_symlinks = supports_bytes_environ = set()
supports_dir_fd = supports_effective_ids = supports_fd = set()
F_OK, X_OK, W_OK, R_OK = 0, 1, 2, 4
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2
O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND = 0, 1, 2, 64, 128, 512, 1024
EX_OK = 0

from _hallpass_files import chdir, getcwd
from _hallpass_system import cpu_count, getegid, geteuid, getgid, getpid, getppid, getuid, umask, urandom


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
    filename = fspath(filename)
    return filename.encode("utf-8", "surrogateescape") if isinstance(filename, str) else filename


def fsdecode(filename):
    filename = fspath(filename)
    return filename.decode("utf-8", "surrogateescape") if isinstance(filename, bytes) else filename


class _Environ(MutableMapping):
    """The environment of this process; what a script changes in it, only the script sees."""

    def __init__(self, data):
        self._data = data

    @staticmethod
    def _check(value):
        if not isinstance(value, str):
            raise TypeError("str expected, not %s" % type(value).__name__)
        return value

    def __getitem__(self, key):
        try:
            return self._data[self._check(key)]
        except KeyError:
            raise KeyError(key) from None

    def __setitem__(self, key, value):
        self._data[self._check(key)] = self._check(value)

    def __delitem__(self, key):
        try:
            del self._data[self._check(key)]
        except KeyError:
            raise KeyError(key) from None

    def __iter__(self):
        return iter(list(self._data))

    def __len__(self):
        return len(self._data)

    def __repr__(self):
        return "environ({%s})" % ", ".join(f"{key!r}: {value!r}" for key, value in self._data.items())

    def copy(self):
        return dict(self)

    def setdefault(self, key, value):
        if key not in self:
            self[key] = value
        return self[key]

    def __ior__(self, other):
        self.update(other)
        return self

    def __or__(self, other):
        return {**self, **dict(other)}

    def __ror__(self, other):
        return {**dict(other), **self}


environ = _Environ(_system.environ())


def getenv(key, default=None):
    return environ.get(key, default)


def putenv(key, value):
    environ[key] = value


def unsetenv(key):
    environ.pop(key, None)


def get_exec_path(env=None):
    return (env or environ).get("PATH", defpath).split(pathsep)


class stat_result(tuple):
    _NAMES = ("st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size")

    def __new__(cls, values):
        self = super().__new__(cls, values[:10])
        self.__dict__.update(zip(cls._NAMES, values))
        for i, kind in enumerate(("st_atime", "st_mtime", "st_ctime")):
            self.__dict__[kind] = values[10 + i] / 1e9
            self.__dict__[kind + "_ns"] = values[10 + i]
        return self

    def __repr__(self):
        names = self._NAMES + ("st_atime", "st_mtime", "st_ctime")
        return "os.stat_result(%s)" % ", ".join(f"{n}={v}" for n, v in zip(names, self))


def stat(path, *, dir_fd=None, follow_symlinks=True):
    return stat_result((_files.stat if follow_symlinks else _files.lstat)(fspath(path)))


def lstat(path, *, dir_fd=None):
    return stat_result(_files.lstat(fspath(path)))


def listdir(path="."):
    return [name for name, _ in _files.listdir(fspath(path))]


class DirEntry:
    def __init__(self, folder, name, kind):
        self.name = name
        self.path = path.join(folder, name)
        self._kind = kind

    def is_symlink(self):
        return self._kind == "l"

    def is_dir(self, *, follow_symlinks=True):
        return path.isdir(self.path) if self._kind == "l" and follow_symlinks else self._kind == "d"

    def is_file(self, *, follow_symlinks=True):
        return path.isfile(self.path) if self._kind == "l" and follow_symlinks else self._kind == "f"

    def is_junction(self):
        return False

    def stat(self, *, follow_symlinks=True):
        return stat(self.path, follow_symlinks=follow_symlinks)

    def inode(self):
        return lstat(self.path).st_ino

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return f"<DirEntry {self.name!r}>"


class scandir:
    def __init__(self, path="."):
        folder = fspath(path)
        self._entries = iter([DirEntry(folder, name, kind) for name, kind in _files.listdir(folder)])

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)

    def close(self):
        self._entries = iter(())

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def mkdir(path, mode=0o777, *, dir_fd=None):
    _files.mkdir(fspath(path), mode)


def makedirs(name, mode=0o777, exist_ok=False):
    head, tail = path.split(fspath(name))
    if not tail:
        head, tail = path.split(head)
    if head and tail and not path.exists(head):
        try:
            makedirs(head, exist_ok=exist_ok)
        except FileExistsError:
            pass
        if tail == curdir:
            return
    try:
        mkdir(name, mode)
    except OSError:
        if not exist_ok or not path.isdir(name):
            raise


def rmdir(path, *, dir_fd=None):
    _files.rmdir(fspath(path))


def removedirs(name):
    rmdir(name)
    head, _ = path.split(fspath(name))
    while head:
        try:
            rmdir(head)
        except OSError:
            break
        head, _ = path.split(head)


def unlink(path, *, dir_fd=None):
    _files.unlink(fspath(path))


remove = unlink


def rename(src, dst, *, src_dir_fd=None, dst_dir_fd=None):
    _files.rename(fspath(src), fspath(dst))


replace = rename


def renames(old, new):
    head, tail = path.split(new)
    if head and tail and not path.exists(head):
        makedirs(head)
    rename(old, new)


def symlink(src, dst, target_is_directory=False, *, dir_fd=None):
    _files.symlink(fspath(src), fspath(dst))


def link(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True):
    _files.link(fspath(src), fspath(dst))


def readlink(path, *, dir_fd=None):
    return _files.readlink(fspath(path))


def chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
    _files.chmod(fspath(path), mode)


def access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True):
    return _files.access(fspath(path), mode)


def utime(path, times=None, *, ns=None, dir_fd=None, follow_symlinks=True):
    if ns is None:
        if times is None:
            import time

            now = time.time_ns()
            ns = (now, now)
        else:
            ns = tuple(int(t * 1e9) for t in times)
    _files.utime(fspath(path), *ns)


# shutil asks for links to folders among the files by this.
_walk_symlinks_as_files = object()


def walk(top, topdown=True, onerror=None, followlinks=False):
    try:
        entries = list(scandir(top))
    except OSError as error:
        if onerror is not None:
            onerror(error)
        return
    def is_folder(entry):
        return entry.is_dir(follow_symlinks=followlinks is not _walk_symlinks_as_files)

    folders = [e.name for e in entries if is_folder(e)]
    files = [e.name for e in entries if not is_folder(e)]
    if topdown:
        yield top, folders, files
    for name in folders:
        below = path.join(top, name)
        if (followlinks and followlinks is not _walk_symlinks_as_files) or not path.islink(below):
            yield from walk(below, topdown, onerror, followlinks)
    if not topdown:
        yield top, folders, files


class terminal_size(tuple):
    columns = property(lambda self: self[0])
    lines = property(lambda self: self[1])

    def __repr__(self):
        return f"os.terminal_size(columns={self[0]}, lines={self[1]})"


def get_terminal_size(fd=1):
    size = _system.terminal_size()
    if not size[0]:
        raise OSError(25, "Inappropriate ioctl for device")
    return terminal_size(size)


def isatty(fd):
    stream = {0: sys.__stdin__, 1: sys.__stdout__, 2: sys.__stderr__}.get(fd)
    return stream is not None and stream.isatty()


def strerror(code):
    return _system.strerror(code)


def getlogin():
    for key in ("LOGNAME", "USER"):
        if environ.get(key):
            return environ[key]
    raise OSError(6, "No such device or address")


def uname():
    return uname_result(_system.uname())


class uname_result(tuple):
    sysname = property(lambda self: self[0])
    nodename = property(lambda self: self[1])
    release = property(lambda self: self[2])
    version = property(lambda self: self[3])
    machine = property(lambda self: self[4])


def _exit(status=0):
    raise SystemExit(status)


def _no_processes(*args, **kwargs):
    raise PermissionError(1, "this shell starts no processes")


system = popen = execv = execve = execvp = spawnv = kill = _no_processes


# Descriptors that open() here gave, and the files they are: no others can be used.
_opened = {}


def open(path, flags, mode=0o777, *, dir_fd=None):
    if flags & O_EXCL:
        kind = "x"
    elif flags & O_APPEND:
        kind = "a"
    elif flags & O_TRUNC or (flags & O_CREAT and not _exists(path)):
        kind = "w"
    else:
        kind = "r"
    plus = "+" if flags & O_RDWR or (kind == "r" and flags & O_WRONLY) else ""
    file = _files.open(fspath(path), kind + plus)
    if kind in "xw":
        _files.chmod(fspath(path), mode & 0o777)
    _opened[file.fileno()] = file
    return file.fileno()


def _exists(name):
    return path.exists(name)


def _file(fd):
    try:
        return _opened[fd]
    except KeyError:
        raise OSError(9, "Bad file descriptor") from None


def close(fd):
    _file(fd).close()
    del _opened[fd]


def read(fd, n):
    buffer = bytearray(n)
    return bytes(buffer[:_file(fd).readinto(buffer)])


def write(fd, data):
    return _file(fd).write(data)


def lseek(fd, offset, whence):
    return _file(fd).seek(offset, whence)


def fsync(fd):
    if fd in _opened:
        _opened[fd].sync()


def fstat(fd):
    return stat_result(_file(fd).stat())


def fdopen(fd, *args, **kwargs):
    import io

    return io.open(fd, *args, **kwargs)
