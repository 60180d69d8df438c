"""getpass: a password typed at the terminal, not shown; without a terminal, a line of standard input."""

import os
import sys

import _hallpass_system

__all__ = ["getpass", "getuser", "GetPassWarning"]


class GetPassWarning(UserWarning):
    pass


def getpass(prompt="Password: ", stream=None, *, echo_char=None):
    typed = _hallpass_system.read_hidden(prompt)
    if typed is not None:
        return typed
    import warnings

    warnings.warn("Can not control echo on the terminal.", GetPassWarning, stacklevel=2)
    stream = stream or sys.stderr
    print("Warning: Password input may be echoed.", file=stream)
    stream.write(prompt)
    stream.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line[:-1] if line[-1] == "\n" else line


def getuser():
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        user = os.environ.get(name)
        if user:
            return user
    try:
        with open("/etc/passwd") as people:
            for line in people:
                fields = line.split(":")
                if len(fields) > 2 and fields[2] == str(os.getuid()):
                    return fields[0]
    except OSError:
        pass
    raise OSError("No username set in the environment")
