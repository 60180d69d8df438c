"""The command drf_create_token, as a class."""

from django.core.management import _builtin

Command = _builtin.command_class("drf_create_token")
