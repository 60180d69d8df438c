"""System checks: there is nothing of a project here that could be amiss."""

DEBUG = 10
INFO = 20
WARNING = 30
ERROR = 40
CRITICAL = 50


class CheckMessage:
    def __init__(self, level, msg, hint=None, obj=None, id=None):
        self.level = level
        self.msg = msg
        self.hint = hint
        self.obj = obj
        self.id = id

    def __eq__(self, other):
        return isinstance(other, self.__class__) and self.__dict__ == other.__dict__

    def __str__(self):
        where = "?" if self.obj is None else str(self.obj)
        ident = "(%s) " % self.id if self.id else ""
        hint = "\n\tHINT: %s" % self.hint if self.hint else ""
        return "%s: %s%s%s" % (where, ident, self.msg, hint)

    def __repr__(self):
        return "<%s: level=%r, msg=%r, hint=%r, obj=%r, id=%r>" % (
            type(self).__name__, self.level, self.msg, self.hint, self.obj, self.id
        )

    def is_serious(self, level=ERROR):
        return self.level >= level

    def is_silenced(self):
        return False


def _of(level, name):
    def __init__(self, *args, **kwargs):
        CheckMessage.__init__(self, level, *args, **kwargs)

    return type(name, (CheckMessage,), {"__init__": __init__, "__module__": __name__})


Debug = _of(DEBUG, "Debug")
Info = _of(INFO, "Info")
Warning = _of(WARNING, "Warning")
Error = _of(ERROR, "Error")
Critical = _of(CRITICAL, "Critical")


class Tags:
    database = "database"
    models = "models"
    security = "security"


def register(check=None, *tags, **kwargs):
    return check if callable(check) else lambda function: function


def run_checks(app_configs=None, tags=None, include_deployment_checks=False, databases=None):
    return []
