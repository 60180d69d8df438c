"""The settings in which this program is otherwise than Django's defaults: what is true of it."""

DEBUG = True
ALLOWED_HOSTS = ["*"]
TIME_ZONE = "UTC"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.BCryptPasswordHasher",
    "django.contrib.auth.hashers.MD5PasswordHasher",
]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
STATIC_URL = "/static/"
# As Django shows an empty one: below the site's root.
MEDIA_URL = "/"


def _base_dir():
    import pathlib

    return pathlib.Path.cwd()


def _databases():
    from django.db import connection

    return {"default": connection.settings_dict}


def _settings_module():
    import os

    return os.environ.get("DJANGO_SETTINGS_MODULE", "hallpass")


def _secret_key():
    """The project's key where the environment names it, so that both sign alike; else one for this process alone."""
    import os

    from django.utils.crypto import get_random_string

    return os.environ.get("DJANGO_SECRET_KEY") or get_random_string(50)


# Those that are made when somebody asks.
made = {
    "BASE_DIR": _base_dir,
    "DATABASES": _databases,
    "SECRET_KEY": _secret_key,
    "SETTINGS_MODULE": _settings_module,
}
