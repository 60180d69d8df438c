"""The groups of this machine, as its own list of them has them."""

from collections import namedtuple

struct_group = namedtuple("struct_group", "gr_name gr_passwd gr_gid gr_mem")


def getgrall():
    found = []
    with open("/etc/group") as groups:
        for line in groups:
            fields = line.rstrip("\n").split(":")
            if len(fields) == 4 and fields[2].isdigit():
                members = fields[3].split(",") if fields[3] else []
                found.append(struct_group(*fields[:2], int(fields[2]), members))
    return found


def getgrgid(gid):
    for group in getgrall():
        if group.gr_gid == gid:
            return group
    raise KeyError("getgrgid(): gid not found: %d" % gid)


def getgrnam(name):
    for group in getgrall():
        if group.gr_name == name:
            return group
    raise KeyError("getgrnam(): name not found: %r" % name)
