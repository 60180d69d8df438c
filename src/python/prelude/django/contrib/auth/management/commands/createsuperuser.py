"""The command createsuperuser, as a class."""

from django.core.management import _builtin

Command = _builtin.command_class("createsuperuser")
