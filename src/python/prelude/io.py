"""Python's io, over files of our own: the engine's has none."""

import _io
import abc

from _io import (DEFAULT_BUFFER_SIZE, BlockingIOError, UnsupportedOperation, BytesIO, StringIO, BufferedReader,
                 BufferedWriter, BufferedRWPair, BufferedRandom, IncrementalNewlineDecoder, text_encoding,
                 TextIOWrapper)
import _hallpass_files
import _hallpass_streams

__all__ = ["BlockingIOError", "open", "open_code", "IOBase", "RawIOBase", "FileIO", "BytesIO", "StringIO",
           "BufferedIOBase", "BufferedReader", "BufferedWriter", "BufferedRWPair", "BufferedRandom", "TextIOBase",
           "TextIOWrapper", "UnsupportedOperation", "SEEK_SET", "SEEK_CUR", "SEEK_END", "DEFAULT_BUFFER_SIZE",
           "text_encoding", "IncrementalNewlineDecoder"]

SEEK_SET = 0
SEEK_CUR = 1
SEEK_END = 2


class IOBase(_io._IOBase, metaclass=abc.ABCMeta):
    pass


class RawIOBase(_io._RawIOBase, IOBase):
    pass


class BufferedIOBase(_io._BufferedIOBase, IOBase):
    pass


class TextIOBase(_io._TextIOBase, IOBase):
    pass


class FileIO(RawIOBase):
    """A file without buffer, by its name or by a descriptor that os.open gave."""

    def __init__(self, file, mode="r", closefd=True, opener=None):
        self.name = file
        if not isinstance(file, (str, bytes, int)):
            file = _fspath(file)
        if opener is not None:
            file = opener(file, _flags(mode))
        if isinstance(file, int):
            self._file = _descriptor(file, closefd)
        elif closefd:
            self._file = _hallpass_files.open(file, mode)
        else:
            raise ValueError("Cannot use closefd=False with file name")
        kind = next((c for c in mode if c in "rwax"), "r")
        self.mode = ("rb+" if kind == "r" else kind + "b+") if "+" in mode else kind + "b"
        self._reads = kind == "r" or "+" in mode
        self._writes = kind != "r" or "+" in mode
        if kind == "a":
            self._file.seek(0, 2)

    def _check(self):
        if self.closed:
            raise ValueError("I/O operation on closed file.")

    def readinto(self, buffer):
        self._check()
        if not self._reads:
            raise UnsupportedOperation("not readable")
        return self._file.readinto(buffer)

    def read(self, size=-1):
        self._check()
        if not self._reads:
            raise UnsupportedOperation("not readable")
        if size is None or size < 0:
            return self._file.readall()
        buffer = bytearray(size)
        return bytes(buffer[:self._file.readinto(buffer)])

    def readall(self):
        return self.read()

    def write(self, data):
        self._check()
        if not self._writes:
            raise UnsupportedOperation("not writable")
        return self._file.write(data)

    def seek(self, offset, whence=0):
        self._check()
        return self._file.seek(offset, whence)

    def tell(self):
        self._check()
        return self._file.seek(0, 1)

    def truncate(self, size=None):
        self._check()
        if not self._writes:
            raise UnsupportedOperation("truncate")
        if size is None:
            size = self.tell()
        self._file.truncate(size)
        return size

    def close(self):
        if not self.closed:
            try:
                super().close()
            finally:
                self._file.close()

    def fileno(self):
        self._check()
        return self._file.fileno()

    def isatty(self):
        self._check()
        return self._file.isatty()

    def readable(self):
        self._check()
        return self._reads

    def writable(self):
        self._check()
        return self._writes

    def seekable(self):
        self._check()
        return True

    def __repr__(self):
        if self.closed:
            return "<_io.FileIO [closed]>"
        return f"<_io.FileIO name={self.name!r} mode={self.mode!r} closefd=True>"


def _flags(mode):
    import os

    flags = {"r": os.O_RDONLY, "w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC, "a": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
             "x": os.O_WRONLY | os.O_CREAT | os.O_EXCL}[next((c for c in mode if c in "rwax"), "r")]
    return flags & ~os.O_WRONLY | os.O_RDWR if "+" in mode else flags


def _descriptor(fd, owned):
    """The file behind a descriptor that os.open gave; whoever closes it closes the descriptor."""
    import os

    return os._opened.pop(fd) if owned and fd in os._opened else os._file(fd)


def _fspath(path):
    import os

    return os.fspath(path)


def open(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
    if not isinstance(mode, str):
        raise TypeError(f"open() argument 'mode' must be str, not {type(mode).__name__}")
    modes = set(mode)
    if modes - set("axrwb+tU") or len(mode) > len(modes):
        raise ValueError(f"invalid mode: {mode!r}")
    text, binary = "t" in modes, "b" in modes
    if text and binary:
        raise ValueError("can't have text and binary mode at once")
    kinds = modes & set("rwax")
    if len(kinds) > 1:
        raise ValueError("must have exactly one of create/read/write/append mode")
    if not kinds:
        raise ValueError("Must have exactly one of create/read/write/append mode and at most one plus")
    for name, value in (("encoding", encoding), ("errors", errors), ("newline", newline)):
        if binary and value is not None:
            raise ValueError(f"binary mode doesn't take {'an' if name != 'newline' else 'a'} {name} argument")
    if not isinstance(file, (str, bytes, int)):
        file = _fspath(file)
    kind = kinds.pop()
    raw = FileIO(file, kind + ("+" if "+" in modes else ""), closefd, opener)
    line_buffering = buffering == 1 and not binary
    if buffering == 0:
        if binary:
            return raw
        raw.close()
        raise ValueError("can't have unbuffered text I/O")
    size = buffering if buffering > 1 else DEFAULT_BUFFER_SIZE
    if "+" in modes:
        buffer = BufferedRandom(raw, size)
    elif kind == "r":
        buffer = BufferedReader(raw, size)
    else:
        buffer = BufferedWriter(raw, size)
    if binary:
        return buffer
    try:
        wrapper = TextIOWrapper(buffer, encoding or "UTF-8", errors, newline, line_buffering)
    except BaseException:
        buffer.close()
        raise
    wrapper.mode = mode
    return wrapper


def open_code(path):
    return open(path, "rb")


RawIOBase.register(_hallpass_files.File)
for klass in (BytesIO, BufferedReader, BufferedWriter, BufferedRandom, BufferedRWPair,
              _hallpass_streams.ByteReader, _hallpass_streams.ByteWriter):
    BufferedIOBase.register(klass)
for klass in (StringIO, TextIOWrapper, _hallpass_streams.Reader, _hallpass_streams.Writer):
    TextIOBase.register(klass)
del klass
