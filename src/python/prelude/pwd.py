"""The accounts of this machine, as its own list of them has them."""

from collections import namedtuple

struct_passwd = namedtuple("struct_passwd", "pw_name pw_passwd pw_uid pw_gid pw_gecos pw_dir pw_shell")


def getpwall():
    found = []
    with open("/etc/passwd") as accounts:
        for line in accounts:
            fields = line.rstrip("\n").split(":")
            if len(fields) == 7 and fields[2].isdigit() and fields[3].isdigit():
                found.append(struct_passwd(*fields[:2], int(fields[2]), int(fields[3]), *fields[4:]))
    return found


def getpwuid(uid):
    for account in getpwall():
        if account.pw_uid == uid:
            return account
    raise KeyError("getpwuid(): uid not found: %d" % uid)


def getpwnam(name):
    for account in getpwall():
        if account.pw_name == name:
            return account
    raise KeyError("getpwnam(): name not found: %r" % name)
