"""Commands that a script defines, and the error of all commands."""

ALL_CHECKS = "__all__"

DEFAULT_DB_ALIAS = "default"


class CommandError(Exception):
    """Ends a command; at the top of a script, the script, with one line and this status."""

    def __init__(self, *args, returncode=1, **kwargs):
        self.returncode = returncode
        super().__init__(*args, **kwargs)


class SystemCheckError(CommandError):
    pass


def handle_default_options(options):
    """There are no settings to choose."""


def no_translations(handle_func):
    return handle_func


def _parser_class():
    # argparse is costly, and only a script's own commands need it.
    from argparse import ArgumentParser

    class CommandParser(ArgumentParser):
        def __init__(self, *, missing_args_message=None, called_from_command_line=None, **kwargs):
            self.missing_args_message = missing_args_message
            self.called_from_command_line = called_from_command_line
            super().__init__(**kwargs)

        def error(self, message):
            if self.called_from_command_line:
                super().error(message)
            raise CommandError("Error: %s" % message)

    CommandParser.__module__ = __name__
    return CommandParser


def __getattr__(name):
    if name == "CommandParser":
        globals()[name] = _parser_class()
        return globals()[name]
    raise AttributeError("module 'django.core.management.base' has no attribute %r" % name)


class OutputWrapper:
    """A stream whose write ends lines and paints them."""

    def __init__(self, out, ending="\n"):
        self._out = out
        self.style_func = None
        self.ending = ending

    def __getattr__(self, name):
        return getattr(self._out, name)

    def flush(self):
        if hasattr(self._out, "flush"):
            self._out.flush()

    def isatty(self):
        return hasattr(self._out, "isatty") and self._out.isatty()

    def write(self, msg="", style_func=None, ending=None):
        ending = self.ending if ending is None else ending
        if ending and not msg.endswith(ending):
            msg += ending
        style_func = style_func or self.style_func
        self._out.write(style_func(msg) if style_func and self.isatty() else msg)


class BaseCommand:
    help = ""
    _called_from_command_line = False
    output_transaction = False
    requires_migrations_checks = False
    requires_system_checks = "__all__"
    base_stealth_options = ("stderr", "stdout")
    stealth_options = ()
    suppressed_base_arguments = set()

    def __init__(self, stdout=None, stderr=None, no_color=False, force_color=False):
        import sys

        from django.core.management.color import color_style, no_style

        self.style = no_style() if no_color else color_style(force_color)
        self.stdout = OutputWrapper(stdout or sys.stdout)
        self.stderr = OutputWrapper(stderr or sys.stderr)
        self.stderr.style_func = self.style.ERROR

    def get_version(self):
        from django import get_version

        return get_version()

    def create_parser(self, prog_name, subcommand, **kwargs):
        from django.core.management.base import CommandParser

        parser = CommandParser(
            prog=("%s %s" % (prog_name, subcommand)).strip(),
            description=self.help or None,
            called_from_command_line=self._called_from_command_line,
            **kwargs,
        )
        parser.add_argument("--version", action="version", version=self.get_version())
        parser.add_argument("-v", "--verbosity", default=1, type=int, choices=[0, 1, 2, 3])
        for flag in ("--settings", "--pythonpath"):
            parser.add_argument(flag)
        for flag in ("--traceback", "--no-color", "--force-color", "--skip-checks"):
            parser.add_argument(flag, action="store_true")
        self.add_arguments(parser)
        return parser

    def add_arguments(self, parser):
        """To be overridden."""

    def print_help(self, prog_name, subcommand):
        self.create_parser(prog_name, subcommand).print_help()

    def run_from_argv(self, argv):
        import sys

        self._called_from_command_line = True
        options = vars(self.create_parser(argv[0], argv[1]).parse_args(argv[2:]))
        args = options.pop("args", ())
        try:
            self.execute(*args, **options)
        except CommandError as error:
            if options["traceback"]:
                raise
            self.stderr.write("%s: %s" % (error.__class__.__name__, error))
            sys.exit(error.returncode)

    def _called(self, name, args, options):
        """What call_command does with an object."""
        parser = self.create_parser("", name)
        actions = [action for action in parser._actions if action.dest != "help"]
        short = {min(a.option_strings).lstrip("-").replace("-", "_"): a.dest for a in actions if a.option_strings}
        given = {short.get(key, key): value for key, value in options.items()}
        words = [str(arg) for arg in args]
        for action in actions:
            if action.dest in given and action.required and action.option_strings:
                value = given[action.dest]
                words.append(min(action.option_strings))
                words.extend(str(one) for one in (value if isinstance(value, (list, tuple)) else [value]))
        values = {**vars(parser.parse_args(words)), **given}
        valid = {a.dest for a in actions} | set(self.stealth_options) | set(self.base_stealth_options)
        unknown = set(options) - valid - set(short)
        if unknown:
            raise TypeError(
                "Unknown option(s) for %s command: %s. Valid options are: %s."
                % (name, ", ".join(sorted(unknown)), ", ".join(sorted(valid | set(short) | {"help"})))
            )
        values.setdefault("skip_checks", True)
        return self.execute(*values.pop("args", ()), **values)

    def execute(self, *args, **options):
        if options.get("stdout"):
            self.stdout = OutputWrapper(options["stdout"])
        if options.get("stderr"):
            self.stderr = OutputWrapper(options["stderr"])
        output = self.handle(*args, **options)
        if output:
            self.stdout.write(output)
        return output

    def check(self, *args, **kwargs):
        """There is nothing of a project to check."""

    def check_migrations(self):
        """There are no migrations."""

    def handle(self, *args, **options):
        raise NotImplementedError("subclasses of BaseCommand must provide a handle() method")


class AppCommand(BaseCommand):
    missing_args_message = "Enter at least one application label."

    def add_arguments(self, parser):
        parser.add_argument("args", metavar="app_label", nargs="+")

    def handle(self, *app_labels, **options):
        from django.apps import apps

        try:
            configs = [apps.get_app_config(label) for label in app_labels]
        except LookupError as error:
            raise CommandError(error)
        return "\n".join(filter(None, (self.handle_app_config(config, **options) for config in configs)))

    def handle_app_config(self, app_config, **options):
        raise NotImplementedError("Subclasses of AppCommand must provide a handle_app_config() method.")


class LabelCommand(BaseCommand):
    label = "label"

    def add_arguments(self, parser):
        parser.add_argument("args", metavar=self.label, nargs="+")

    def handle(self, *labels, **options):
        return "\n".join(filter(None, (self.handle_label(label, **options) for label in labels)))

    def handle_label(self, label, **options):
        raise NotImplementedError("subclasses of LabelCommand must provide a handle_label() method")
