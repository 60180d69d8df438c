"""Which models there are, and where their classes are found."""

import sys

MODULES = {
    "auth": "django.contrib.auth.models",
    "contenttypes": "django.contrib.contenttypes.models",
    "sessions": "django.contrib.sessions.models",
    "admin": "django.contrib.admin.models",
    "authtoken": "rest_framework.authtoken.models",
}

LABELS = (
    "admin.LogEntry",
    "auth.Permission",
    "auth.Group",
    "auth.User",
    "contenttypes.ContentType",
    "sessions.Session",
    "authtoken.Token",
    "authtoken.TokenProxy",
)

# Every class that was made, by its label in small letters.
classes = {}


def load(label):
    """The class of a label, imported where it was not yet."""
    key = label.lower()
    if key not in classes:
        app = label.partition(".")[0]
        name = MODULES.get(app)
        if name is None:
            raise LookupError("No installed app with label '%s'." % app)
        if name not in sys.modules:
            __import__(name)
        if key not in classes:
            raise LookupError("App '%s' doesn't have a '%s' model." % (app, label.partition(".")[2]))
    return classes[key]


# Every app that is installed: its name, its words, the name of its class.
APPS = {
    "admin": ("django.contrib.admin", "Administration", "AdminConfig"),
    "auth": ("django.contrib.auth", "Authentication and Authorization", "AuthConfig"),
    "contenttypes": ("django.contrib.contenttypes", "Content Types", "ContentTypesConfig"),
    "sessions": ("django.contrib.sessions", "Sessions", "SessionsConfig"),
    "messages": ("django.contrib.messages", "Messages", "MessagesConfig"),
    "staticfiles": ("django.contrib.staticfiles", "Static Files", "StaticFilesConfig"),
    "rest_framework": ("rest_framework", "Django REST framework", "RestFrameworkConfig"),
    "authtoken": ("rest_framework.authtoken", "Auth Token", "AuthTokenConfig"),
}


class AppConfig:
    def __init__(self, label):
        self.label = label
        self.name, self.verbose_name, self._class = APPS[label]
        self.models_module = sys.modules.get(MODULES.get(label, ""))

    @property
    def module(self):
        return sys.modules.get(self.name)

    @property
    def default_auto_field(self):
        ours = ("admin", "auth", "contenttypes")
        return "django.db.models.%sAutoField" % ("" if self.label in ours else "Big")

    @property
    def models(self):
        return {model._meta.model_name: model for model in self.get_models()}

    def ready(self):
        """There is nothing to prepare."""

    def __repr__(self):
        return "<%s: %s>" % (self._class, self.label)

    def get_models(self, include_auto_created=False, include_swapped=False):
        return iter([load(label) for label in LABELS if label.startswith(self.label + ".")])

    def get_model(self, name, require_ready=True):
        return load("%s.%s" % (self.label, name))


class Apps:
    ready = apps_ready = models_ready = True

    def get_model(self, app_label, model_name=None, require_ready=True):
        if model_name is None:
            app_label, model_name = app_label.split(".")
        return load("%s.%s" % (app_label, model_name))

    def get_models(self, include_auto_created=False, include_swapped=False):
        return [load(label) for label in LABELS]

    def get_app_config(self, app_label):
        if app_label not in APPS:
            raise LookupError("No installed app with label '%s'." % app_label)
        return AppConfig(app_label)

    def get_app_configs(self):
        return [AppConfig(label) for label in APPS]

    @property
    def app_configs(self):
        return {config.label: config for config in self.get_app_configs()}

    @property
    def all_models(self):
        models = {label: {} for label in APPS}
        for label in LABELS:
            app, _, name = label.partition(".")
            models[app][name.lower()] = load(label)
        return models

    def check_apps_ready(self):
        """They always are."""

    check_models_ready = check_apps_ready

    def clear_cache(self):
        """There is none."""

    def lazy_model_operation(self, function, *model_keys):
        function(*(self.get_model(*key) for key in model_keys))

    def get_containing_app_config(self, object_name):
        fitting = [c for c in self.get_app_configs() if (object_name + ".").startswith(c.name + ".")]
        return max(fitting, key=lambda config: len(config.name), default=None)

    def is_installed(self, app_name):
        return any(config.name == app_name for config in self.get_app_configs())


apps = Apps()
