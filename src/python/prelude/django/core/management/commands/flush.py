"""The command flush, as a class."""

from django.core.management import _builtin

Command = _builtin.command_class("flush")
