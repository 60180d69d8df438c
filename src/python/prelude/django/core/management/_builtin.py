"""The program's own commands, as call_command reaches them."""

import sys

import _hallpass
from django.core.management.base import BaseCommand, CommandError

_CORE = (
    "check", "compilemessages", "createcachetable", "dbshell", "diffsettings", "dumpdata", "flush", "inspectdb",
    "loaddata", "makemessages", "makemigrations", "migrate", "optimizemigration", "sendtestemail", "shell",
    "showmigrations", "sqlflush", "sqlmigrate", "sqlsequencereset", "squashmigrations", "startapp", "startproject",
    "test", "testserver",
)
APPS = {
    **dict.fromkeys(_CORE, "django.core"),
    "changepassword": "django.contrib.auth",
    "createsuperuser": "django.contrib.auth",
    "clearsessions": "django.contrib.sessions",
    "collectstatic": "django.contrib.staticfiles",
    "drf_create_token": "rest_framework.authtoken",
    "findstatic": "django.contrib.staticfiles",
    "generateschema": "rest_framework",
    "runserver": "django.contrib.staticfiles",
    "remove_stale_contenttypes": "django.contrib.contenttypes",
}

# The options of Django's commands: the name in Python, and the flag where it is another; ! for a flag that says no,
# = for a word that has no flag.
_COMMON = (
    "force_color help no_color pythonpath settings skip_checks stderr stdout traceback verbosity version"
)
_NOINPUT = " interactive:!--no-input"
_DATABASE = " database"
OPTIONS = {
    "changepassword": "username:=" + _DATABASE,
    "check": "args tags:--tag list_tags deploy fail_level databases:--database",
    "clearsessions": "",
    "collectstatic": "post_process:!--no-post-process ignore_patterns:--ignore dry_run clear link "
    "use_default_ignore_patterns:!--no-default-ignore" + _NOINPUT,
    "createsuperuser": "username email stdin" + _NOINPUT + _DATABASE,
    "diffsettings": "all default output",
    "drf_create_token": "username:= reset_token:--reset",
    "dumpdata": "args format indent exclude use_natural_foreign_keys:--natural-foreign "
    "use_natural_primary_keys:--natural-primary use_base_manager:--all primary_keys:--pks output" + _DATABASE,
    "findstatic": "args all:!--first",
    "flush": "reset_sequences allow_cascade inhibit_post_migrate" + _NOINPUT + _DATABASE,
    "loaddata": "args app_label:--app ignore:--ignorenonexistent exclude format" + _DATABASE,
    "makemigrations": "args dry_run merge empty name include_header:!--no-header check_changes:--check scriptable update"
    + _NOINPUT,
    "migrate": "app_label:= migration_name:= fake fake_initial plan run_syncdb check_unapplied:--check prune"
    + _NOINPUT + _DATABASE,
    "optimizemigration": "app_label:= migration_name:= check",
    "remove_stale_contenttypes": "include_stale_apps" + _NOINPUT + _DATABASE,
    "showmigrations": "app_label:=" + _DATABASE,
    "sqlflush": _DATABASE,
    "sqlmigrate": "app_label:= migration_name:= backwards" + _DATABASE,
    "shell": "no_startup no_imports interface command",
    "sqlsequencereset": "args" + _DATABASE,
}
# What says nothing to a command here.
_QUIET = {"stdout", "stderr", "stdin", "settings", "pythonpath", "skip_checks", "reset_sequences", "allow_cascade",
          "inhibit_post_migrate"}


def _flags(name):
    """The flags of a command by the names of its options in Python."""
    flags = {}
    for entry in (_COMMON + " " + OPTIONS.get(name, "")).split():
        option, _, flag = entry.partition(":")
        flags[option] = flag or "--" + option.replace("_", "-")
    return flags


def _check(name, options):
    flags = _flags(name)
    # An option may also go by its flag: reset for reset_token.
    short = {flag.lstrip("!").lstrip("-").replace("-", "_"): option for option, flag in flags.items() if flag != "="}
    unknown = [option for option in options if option not in flags and option not in short]
    if unknown:
        raise TypeError(
            "Unknown option(s) for %s command: %s. Valid options are: %s."
            % (name, ", ".join(sorted(unknown)), ", ".join(sorted({*flags, *short})))
        )
    return {short.get(option, option): value for option, value in options.items()}, flags


def words(name, args, options):
    """The words of a command line that say the same."""
    flags = {}
    if name in OPTIONS:
        options, flags = _check(name, options)
    line = []
    for option, value in options.items():
        flag = flags.get(option, "--" + option.replace("_", "-"))
        if option in _QUIET or value is None:
            continue
        if flag == "=" or option == "args":
            args.extend(str(one) for one in (value if isinstance(value, (list, tuple)) else [value]))
        elif flag.startswith("!"):
            if not value:
                line.append(flag[1:])
        elif value is True:
            line.append(flag)
        elif isinstance(value, (list, tuple, set)):
            line.extend("%s=%s" % (flag, one) for one in value)
        elif value is not False:
            line.append("%s=%s" % (flag, value))
    return [name, *line, *args]


def call(name, args, options):
    stdout = options.get("stdout") or sys.stdout
    stderr = options.get("stderr") or sys.stderr
    return run(words(name, args, dict(options)), stdout, stderr)


def run(line, stdout, stderr):
    """Runs a command line; its output goes to the streams, its refusal is raised."""
    sys.stdout.flush()
    out, err, failure = _hallpass.call_command(line)
    if out:
        stdout.write(out)
    if err:
        stderr.write(err)
    if failure is not None:
        raise _exception(*failure)
    return out.rstrip("\n") if line[0] in ("diffsettings", "sqlflush") else None


def _exception(kind, message, status):
    """The exception for a refusal: a CommandError, or one that is named."""
    if kind in ("", "CommandError"):
        return CommandError(message, returncode=status)
    if kind == "usage":
        return CommandError("Error: %s" % message)
    if kind == "SystemExit":
        return SystemExit(int(message))
    if kind.startswith("Unknown command:"):
        # What follows is for a terminal.
        return CommandError(kind.splitlines()[0])
    module, _, name = kind.rpartition(".")
    import builtins

    try:
        found = getattr(__import__(module, fromlist=[name]) if module else builtins, name)
    except (ImportError, AttributeError):
        return CommandError("%s: %s" % (kind, message), returncode=status)
    return found(message) if message else found()


def command_class(name):
    """The class of a command, for those who take it by its module."""

    class Command(BaseCommand):
        def _called(self, _, args, options):
            return call(name, [str(arg) for arg in args], {"stdout": self.stdout, "stderr": self.stderr, **options})

        def execute(self, *args, **options):
            return self._called(name, args, {k: v for k, v in options.items() if k in _flags(name)})

        handle = execute

        def run_from_argv(self, argv):
            from django.core.management import execute_from_command_line

            execute_from_command_line(argv)

    Command.__module__ = "%s.management.commands.%s" % (APPS[name], name)
    Command.__qualname__ = "Command"
    return Command


def command(name):
    """An object of a command."""
    if name not in APPS:
        raise CommandError("Unknown command: %r" % name)
    try:
        module = __import__("%s.management.commands.%s" % (APPS[name], name), fromlist=["Command"])
    except ModuleNotFoundError:
        return command_class(name)()
    return module.Command()
