"""What Django's commands for users know of the system around them."""


def get_system_username():
    """The name that whoever runs this has in the system; empty if there is none."""
    import os

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if os.environ.get(name):
            return os.environ[name]
    return ""


def get_default_username(check_db=True, database="default"):
    from django.contrib.auth.models import User
    from django.core.exceptions import ValidationError

    name = get_system_username().replace(" ", "").lower()
    try:
        User._meta.get_field("username").run_validators(name)
    except (ValidationError, AttributeError):
        return ""
    if check_db and name and User._default_manager.filter(username=name).exists():
        return ""
    return name


def create_permissions(app_config, *args, **kwargs):
    """They are there from the beginning."""
