"""The command check, as a class."""

from django.core.management import _builtin

Command = _builtin.command_class("check")
