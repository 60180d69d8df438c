"""Commands, called from Python: those of this program, and objects of a script's own classes."""

from django.core.management.base import BaseCommand, CommandError, handle_default_options


def get_commands():
    """The names of the commands, and the apps they are from."""
    from django.core.management import _builtin

    return dict(_builtin.APPS)


def load_command_class(app_name, name):
    from django.core.management import _builtin

    return _builtin.command(name)


def find_commands(management_dir):
    return []


def call_command(command_name, *args, **options):
    if isinstance(command_name, BaseCommand):
        command = command_name
        name = command.__class__.__module__.rpartition(".")[2]
    else:
        from django.core.management import _builtin

        if options or args:
            args = [str(arg) for nested in args for arg in (nested if isinstance(nested, (list, tuple)) else [nested])]
        return _builtin.call(command_name, list(args), options)
    return command._called(name, args, options)


class ManagementUtility:
    def __init__(self, argv=None):
        import sys

        self.argv = argv or sys.argv[:]
        self.prog_name = "hallpass"
        self.settings_exception = None

    def fetch_command(self, subcommand):
        from django.core.management import _builtin

        return _builtin.command(subcommand)

    def execute(self):
        import sys

        from django.core.management import _builtin

        words = self.argv[1:] or ["help"]
        try:
            _builtin.run(words, sys.stdout, sys.stderr)
        except CommandError as error:
            sys.stdout.flush()
            sys.stderr.write("%s: %s\n" % (error.__class__.__name__, error))
            sys.exit(error.returncode)


def execute_from_command_line(argv=None):
    ManagementUtility(argv).execute()


def __getattr__(name):
    if name == "CommandParser":
        from django.core.management.base import CommandParser

        return CommandParser
    raise AttributeError("module 'django.core.management' has no attribute %r" % name)
