"""The settings. There is no file of them: they say what is true of this program."""

ENVIRONMENT_VARIABLE = "DJANGO_SETTINGS_MODULE"
DEFAULT_STORAGE_ALIAS = "default"
STATICFILES_STORAGE_ALIAS = "staticfiles"


def _sources():
    import _hallpass_settings
    from django.conf import global_settings

    return _hallpass_settings, global_settings


class Settings:
    """This program's values before Django's own defaults, taken when they are asked for; a script may set others."""

    def __init__(self, settings_module=None):
        self.__dict__["_set"] = set()

    def __getattr__(self, name):
        ours, defaults = _sources()
        if name in ours.made:
            value = ours.made[name]()
        elif name.isupper() and hasattr(ours, name):
            value = getattr(ours, name)
        elif name.isupper() and hasattr(defaults, name):
            value = getattr(defaults, name)
        else:
            raise AttributeError("'Settings' object has no attribute %r" % name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name, value):
        self._set.add(name)
        self.__dict__[name] = value

    def __dir__(self):
        ours, defaults = _sources()
        names = {name for source in (ours, defaults) for name in vars(source) if name.isupper()}
        return sorted({*names, *ours.made, *(name for name in self.__dict__ if name != "_set")})

    def __repr__(self):
        return '<Settings "%s">' % self.SETTINGS_MODULE

    def is_overridden(self, setting):
        ours, _ = _sources()
        return setting in self._set or setting in ours.made or (setting.isupper() and hasattr(ours, setting))


class UserSettingsHolder:
    """Settings above others, which show through."""

    SETTINGS_MODULE = None

    def __init__(self, default_settings):
        self.__dict__["_deleted"] = set()
        self.default_settings = default_settings

    def __getattr__(self, name):
        if not name.isupper() or name in self._deleted:
            raise AttributeError("%r object has no attribute %r" % (type(self).__name__, name))
        return getattr(self.default_settings, name)

    def __setattr__(self, name, value):
        self._deleted.discard(name)
        super().__setattr__(name, value)

    def __delattr__(self, name):
        self._deleted.add(name)
        if name in self.__dict__:
            super().__delattr__(name)

    def __dir__(self):
        names = {*self.__dict__, *dir(self.default_settings)} - self._deleted - {"_deleted"}
        return sorted(names)

    def is_overridden(self, setting):
        known = getattr(self.default_settings, "is_overridden", lambda _: False)
        return setting in self._deleted or setting in self.__dict__ or known(setting)


class LazySettings:
    def __init__(self):
        self.__dict__["_wrapped"] = Settings()

    def __getattr__(self, name):
        return getattr(self._wrapped, name)

    def __setattr__(self, name, value):
        if name == "_wrapped":
            self.__dict__[name] = value
        else:
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
