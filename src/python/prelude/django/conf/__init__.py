"""The settings. There is no file of them: they say what is true of this program."""

ENVIRONMENT_VARIABLE = "DJANGO_SETTINGS_MODULE"
DEFAULT_STORAGE_ALIAS = "default"
STATICFILES_STORAGE_ALIAS = "staticfiles"


class Settings:
    """The values of django.conf.global_settings, made when they are asked for; a script may set others."""

    def __getattr__(self, name):
        from django.conf import global_settings

        if name.isupper() and name not in ("MADE", "OVERRIDDEN") and hasattr(global_settings, name):
            value = getattr(global_settings, name)
        elif name in global_settings.MADE:
            value = global_settings.MADE[name]()
        else:
            raise AttributeError("'Settings' object has no attribute %r" % name)
        self.__dict__[name] = value
        return value

    def __dir__(self):
        from django.conf import global_settings

        names = {name for name in dir(global_settings) if name.isupper()} - {"MADE", "OVERRIDDEN"}
        return sorted({*names, *global_settings.MADE, *self.__dict__})

    def is_overridden(self, setting):
        from django.conf import global_settings

        return setting in global_settings.OVERRIDDEN or setting in self.__dict__


class LazySettings:
    def __init__(self):
        self.__dict__["_wrapped"] = Settings()

    def __getattr__(self, name):
        return getattr(self._wrapped, name)

    def __setattr__(self, name, value):
        setattr(self._wrapped, name, value)

    def __delattr__(self, name):
        delattr(self._wrapped, name)

    def __dir__(self):
        return dir(self._wrapped)

    def __repr__(self):
        import os

        return '<LazySettings "%s">' % os.environ.get(ENVIRONMENT_VARIABLE, "hallpass")

    def configure(self, default_settings=None, **options):
        raise RuntimeError("Settings already configured.")

    @property
    def configured(self):
        return True


settings = LazySettings()
