"""Helpers of commands."""

_SECRET = "abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)"


def get_random_secret_key():
    from django.utils.crypto import get_random_string

    return get_random_string(50, _SECRET)


def get_command_line_option(argv, option):
    """The value of an option among other words; None without it."""
    for at, word in enumerate(argv):
        if word == option:
            return argv[at + 1] if at + 1 < len(argv) else None
        if word.startswith(option + "="):
            return word.partition("=")[2]
    return None


def parse_apps_and_model_labels(labels):
    from django.apps import apps

    models, configs = set(), set()
    for label in labels:
        if "." in label:
            models.add(apps.get_model(label))
        else:
            configs.add(apps.get_app_config(label))
    return models, configs
