"""Logging as Django sets it up: the logger `django` speaks to the console."""

import logging
import logging.config

request_logger = logging.getLogger("django.request")

DEFAULT_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "require_debug_false": {"()": "django.utils.log.RequireDebugFalse"},
        "require_debug_true": {"()": "django.utils.log.RequireDebugTrue"},
    },
    "formatters": {"django.server": {"()": "logging.Formatter", "format": "[%(asctime)s] %(message)s"}},
    "handlers": {
        "console": {"level": "INFO", "filters": ["require_debug_true"], "class": "logging.StreamHandler"},
    },
    "loggers": {"django": {"handlers": ["console"], "level": "INFO"}},
}


def configure_logging(logging_config, logging_settings):
    if logging_config:
        from django.utils.module_loading import import_string

        configure = import_string(logging_config)
        logging.config.dictConfig(DEFAULT_LOGGING)
        if logging_settings:
            configure(logging_settings)


class CallbackFilter(logging.Filter):
    def __init__(self, callback):
        super().__init__()
        self.callback = callback

    def filter(self, record):
        return 1 if self.callback(record) else 0


class RequireDebugFalse(logging.Filter):
    def filter(self, record):
        from django.conf import settings

        return not settings.DEBUG


class RequireDebugTrue(logging.Filter):
    def filter(self, record):
        from django.conf import settings

        return settings.DEBUG
