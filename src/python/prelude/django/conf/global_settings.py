"""The settings' values: Django's defaults, and what is true of this program."""

DEBUG = True
ADMINS = []
MANAGERS = []
INTERNAL_IPS = []
ALLOWED_HOSTS = ["*"]

TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-us"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = []
USE_I18N = True
USE_THOUSAND_SEPARATOR = False
DEFAULT_CHARSET = "utf-8"
DATE_FORMAT = "N j, Y"
DATETIME_FORMAT = "N j, Y, P"
TIME_FORMAT = "P"
YEAR_MONTH_FORMAT = "F Y"
MONTH_DAY_FORMAT = "F j"
SHORT_DATE_FORMAT = "m/d/Y"
SHORT_DATETIME_FORMAT = "m/d/Y P"
DATE_INPUT_FORMATS = [
    "%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%b %d %Y", "%b %d, %Y", "%d %b %Y", "%d %b, %Y", "%B %d %Y", "%B %d, %Y",
    "%d %B %Y", "%d %B, %Y",
]
TIME_INPUT_FORMATS = ["%H:%M:%S", "%H:%M:%S.%f", "%H:%M"]
DATETIME_INPUT_FORMATS = [
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S.%f",
    "%m/%d/%Y %H:%M", "%m/%d/%y %H:%M:%S", "%m/%d/%y %H:%M:%S.%f", "%m/%d/%y %H:%M",
]
FIRST_DAY_OF_WEEK = 0
DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 0

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
DATABASE_ROUTERS = []
FIXTURE_DIRS = []
MIGRATION_MODULES = {}
MIDDLEWARE = []
TEMPLATES = []
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LOGGING = {}
LOGGING_CONFIG = "logging.config.dictConfig"
SILENCED_SYSTEM_CHECKS = []

AUTH_USER_MODEL = "auth.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
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
PASSWORD_RESET_TIMEOUT = 60 * 60 * 24 * 3
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/accounts/profile/"
LOGOUT_REDIRECT_URL = None

SECRET_KEY_FALLBACKS = []
SIGNING_BACKEND = "django.core.signing.TimestampSigner"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "sessionid"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 7 * 2
SESSION_SAVE_EVERY_REQUEST = False
SESSION_EXPIRE_AT_BROWSER_CLOSE = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = False
X_FRAME_OPTIONS = "DENY"
APPEND_SLASH = True

EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
EMAIL_SUBJECT_PREFIX = "[Django] "
DEFAULT_FROM_EMAIL = "webmaster@localhost"
SERVER_EMAIL = "root@localhost"

STATIC_URL = "/static/"
STATIC_ROOT = None
STATICFILES_DIRS = []
MEDIA_ROOT = ""
MEDIA_URL = ""


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


MADE = {
    "BASE_DIR": _base_dir,
    "DATABASES": _databases,
    "SECRET_KEY": _secret_key,
    "SETTINGS_MODULE": _settings_module,
}

# What differs from Django's own defaults.
OVERRIDDEN = {
    "ALLOWED_HOSTS", "AUTH_PASSWORD_VALIDATORS", "BASE_DIR", "DATABASES", "DEBUG", "DEFAULT_AUTO_FIELD",
    "EMAIL_BACKEND", "INSTALLED_APPS", "LANGUAGES", "PASSWORD_HASHERS", "SECRET_KEY", "SETTINGS_MODULE", "STATIC_URL",
    "TIME_ZONE",
}
