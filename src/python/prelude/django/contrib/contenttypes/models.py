"""The models as rows."""

from django import apps
from django.db.models.base import Model
from django.db.models.manager import Manager

_VERBOSE = {"auth": "Authentication and Authorization", "admin": "Administration", "contenttypes": "Content Types", "sessions": "Sessions", "authtoken": "Auth Token"}


class ContentTypeManager(Manager):
    use_in_migrations = True

    def get_by_natural_key(self, app_label, model):
        return self.get(app_label=app_label, model=model)

    def get_for_model(self, model, for_concrete_model=True):
        options = model._meta.concrete_model._meta if for_concrete_model else model._meta
        return self.get(app_label=options.app_label, model=options.model_name)

    def get_for_models(self, *models, for_concrete_models=True):
        return {model: self.get_for_model(model, for_concrete_models) for model in models}

    def get_for_id(self, id):
        return self.get(pk=id)

    def clear_cache(self):
        pass


class ContentType(Model, label="contenttypes.ContentType"):
    objects = ContentTypeManager()

    def __str__(self):
        return self.app_labeled_name

    @property
    def name(self):
        model = self.model_class()
        return self.model if model is None else str(model._meta.verbose_name)

    @property
    def app_labeled_name(self):
        model = self.model_class()
        if model is None:
            return self.model
        app_label = model._meta.app_label
        return "%s | %s" % (_VERBOSE.get(app_label, app_label.title()), model._meta.verbose_name)

    def model_class(self):
        try:
            return apps.load("%s.%s" % (self.app_label, self.model))
        except LookupError:
            return None

    def get_object_for_this_type(self, using=None, **kwargs):
        return self.model_class()._base_manager.get(**kwargs)

    def get_all_objects_for_this_type(self, **kwargs):
        return self.model_class()._base_manager.filter(**kwargs)

    def natural_key(self):
        return (self.app_label, self.model)
