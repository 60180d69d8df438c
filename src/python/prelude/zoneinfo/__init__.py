"""The standard library's zoneinfo, which is told here where systems keep their time zones."""

from zoneinfo import _tzpath
from zoneinfo._common import ZoneInfoNotFoundError
from zoneinfo._tzpath import InvalidTZPathWarning, available_timezones, reset_tzpath
from zoneinfo._zoneinfo import ZoneInfo

__all__ = [
    "ZoneInfo", "reset_tzpath", "available_timezones", "TZPATH", "ZoneInfoNotFoundError", "InvalidTZPathWarning",
]



def _shown(zone):
    if zone.key is None:
        return "zoneinfo.ZoneInfo.from_file(%s)" % zone._file_repr
    return "zoneinfo.ZoneInfo(key=%r)" % zone.key


# As the one written in C says it.
ZoneInfo.__repr__ = _shown

if not _tzpath.TZPATH:
    reset_tzpath(("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"))


def __getattr__(name):
    if name == "TZPATH":
        return _tzpath.TZPATH
    raise AttributeError("module 'zoneinfo' has no attribute %r" % name)
