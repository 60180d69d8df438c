"""Models: the classes of rows, and their instances."""

import _hallpass
from django import apps
from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist
from django.db.models import signals
from django.db.models.assigning import _default
from django.db.models.options import Options
from django.db.models.query_utils import DeferredAttribute, ForeignKeyDeferredAttribute
from django.db.utils import check_alias


# `django.db.models.saving`, from the first `save` on.
_saving = None


def _error_class(owner, name, base):
    return type(name, (base,), {"__module__": owner.__module__, "__qualname__": "%s.%s" % (owner.__qualname__, name)})


class ModelBase(type):
    """The class of models. One that names its label in the table of models becomes that model."""

    def __new__(mcs, name, bases, attrs, label=None, proxy=False, **kwargs):
        meta = attrs.pop("Meta", None)
        cls = super().__new__(mcs, name, bases, attrs, **kwargs)
        if label is not None:
            cls._prepare(label, proxy)
        elif not getattr(meta, "abstract", False) and any(isinstance(base, ModelBase) for base in bases):
            cls._prepare_foreign(meta, bases)
        return cls

    def _prepare(cls, label, proxy):
        from django.db.models import neighbours
        from django.db.models.fields import related_descriptors
        from django.db.models.manager import Manager, ManagerDescriptor

        cls._meta = options = Options(label, proxy)
        cls._layout = _hallpass.layout(label)
        options.model = cls
        cls.DoesNotExist = _error_class(cls, "DoesNotExist", getattr(cls, "DoesNotExist", ObjectDoesNotExist))
        cls.MultipleObjectsReturned = _error_class(
            cls, "MultipleObjectsReturned", getattr(cls, "MultipleObjectsReturned", MultipleObjectsReturned)
        )
        manager = cls.__dict__.get("objects")
        if not isinstance(manager, Manager):
            manager = Manager()
        manager = manager._bound_to(cls)
        cls._default_manager = manager
        cls._base_manager = Manager()._bound_to(cls)
        cls.objects = ManagerDescriptor(manager)
        if not proxy:
            for field in options.table["fields"]:
                name = (cls, field["attname"])
                related = "to" in field
                setattr(cls, name[1], ForeignKeyDeferredAttribute(name, field["name"]) if related else DeferredAttribute(name))
                if field["class"] == "DateTimeField" and not field["null"] and not field["beyond"]:
                    neighbours.install(cls, field["name"])
            related_descriptors.install(cls, options.table)
        apps.classes[label.lower()] = cls

    def _prepare_foreign(cls, meta, bases):
        """A class that a script derives: a proxy of one of ours, or nothing that there is a place for."""
        base = next((base for base in bases if getattr(base, "_meta", None) is not None), None)
        if base is not None and getattr(meta, "proxy", False):
            if getattr(meta, "app_label", None) is None:
                raise RuntimeError(cls._undeclared())
            cls._prepare(base._meta.label, True)
            apps.classes[base._meta.label.lower()] = base
            return
        if getattr(meta, "app_label", None) is None:
            raise RuntimeError(cls._undeclared())
        raise RuntimeError("hallpass has no place for rows of another model than Django's own users and tokens")

    def add_to_class(cls, name, value):
        if hasattr(value, "contribute_to_class"):
            value.contribute_to_class(cls, name)
        else:
            setattr(cls, name, value)

    def _undeclared(cls):
        return (
            "Model class %s.%s doesn't declare an explicit app_label and isn't in an application in INSTALLED_APPS."
            % (cls.__module__, cls.__qualname__)
        )


class ModelState:
    """What an instance knows of its row."""

    adding = True
    db = None

    @property
    def fields_cache(self):
        cache = self.__dict__.get("_cache")
        if cache is None:
            cache = self.__dict__["_cache"] = {}
        return cache


class Deferred:
    def __repr__(self):
        return "<Deferred field>"


DEFERRED = Deferred()


class Model(_hallpass.AltersData, metaclass=ModelBase):
    def _initialize(self, *args, **kwargs):
        if signals.pre_init.receivers:
            signals.pre_init.send(self.__class__, args=args, kwargs=kwargs)
        options = self._meta
        self._state = ModelState()
        values = self.__dict__
        fields = options.table["fields"]
        given = iter(args)
        if len(args) > len(fields):
            raise IndexError("Number of args exceeds number of fields")
        for field in fields:
            attname = field["attname"]
            try:
                value = next(given)
            except StopIteration:
                pass
            else:
                if field["name"] in kwargs:
                    raise TypeError(
                        "%s() got both positional and keyword arguments for field '%s'."
                        % (options.object_name, field["name"])
                    )
                if value is not DEFERRED:
                    values[attname] = value
                continue
            if not kwargs:
                values[attname] = _default(field)
            elif attname in kwargs:
                values[attname] = kwargs.pop(attname)
            elif "to" in field and field["name"] in kwargs:
                values[attname] = None
                setattr(self, field["name"], kwargs.pop(field["name"]))
            else:
                values[attname] = _default(field)
        if kwargs:
            self._init_rest(kwargs)
        if signals.post_init.receivers:
            signals.post_init.send(self.__class__, instance=self)

    def _init_rest(self, kwargs):
        unexpected = []
        for name in list(kwargs):
            if name == "pk" or isinstance(getattr(type(self), name, None), property):
                setattr(self, name, kwargs[name])
            elif self._meta.find(name) is not None:
                setattr(self, name, kwargs[name])
            else:
                unexpected.append("'%s'" % name)
        if unexpected:
            raise TypeError(
                "%s() got unexpected keyword arguments: %s" % (self._meta.object_name, ", ".join(unexpected))
            )

    @classmethod
    def from_db(cls, db, field_names, values):
        new = cls(**dict(zip(field_names, values)))
        new._state.adding = False
        new._state.db = db
        return new

    def __repr__(self):
        return "<%s: %s>" % (self.__class__.__name__, self)

    def __str__(self):
        return "%s object (%s)" % (self.__class__.__name__, self.pk)

    def __eq__(self, other):
        if not isinstance(other, Model):
            return NotImplemented
        if self._meta.concrete_model != other._meta.concrete_model:
            return False
        mine = self._identity()
        return self is other if mine is None else mine == other._identity()

    def __hash__(self):
        pk = self._identity()
        if pk is None:
            raise TypeError("Model instances without primary key value are unhashable")
        return hash(pk)

    def __reduce__(self):
        return model_unpickle, (self._meta.label,), {**self.__dict__, "_state": None}

    def __setstate__(self, values):
        self.__dict__.update(values)
        self._state = ModelState()
        self._state.adding = False
        self._state.db = "default"

    def __copy__(self):
        other = self.__class__.__new__(self.__class__)
        other.__dict__.update(self.__dict__)
        other._state = ModelState()
        other._state.__dict__.update(self._state.__dict__)
        if "_cache" in other._state.__dict__:
            other._state._cache = dict(self._state._cache)
        return other

    def __getstate__(self):
        return dict(self.__dict__)

    def _is_sealed(self):
        """Whether this is a token as it was read, whose key nobody asked for."""
        return "sealed" in self._state.__dict__ and "key" not in self.__dict__

    def _own_rows(self, rows):
        """Of `rows`, this one."""
        if self._is_sealed():
            return type(self).every.filter(id=self._state.sealed.id)
        return rows.filter(pk=self.pk)

    def _identity(self):
        pk = self.pk
        return self._state.sealed.id if pk is None and self._is_sealed() else pk

    @property
    def pk(self):
        return getattr(self, self._meta.pk_attname)

    @pk.setter
    def pk(self, value):
        setattr(self, self._meta.pk_attname, value)

    def get_deferred_fields(self):
        return {f["attname"] for f in self._meta.table["fields"] if f["attname"] not in self.__dict__ and not f["beyond"]}

    def refresh_from_db(self, using=None, fields=None, from_queryset=None):
        from django.db.models import refreshing

        check_alias(using)
        refreshing.refresh(self, fields, from_queryset)

    async def arefresh_from_db(self, using=None, fields=None, from_queryset=None):
        return self.refresh_from_db(using, fields, from_queryset)

    def serializable_value(self, field_name):
        description = self._meta.find(field_name)
        return getattr(self, field_name if description is None else description["attname"])

    def save(self, *args, force_insert=False, force_update=False, using=None, update_fields=None):
        global _saving
        if _saving is None:
            from django.db.models import saving as _saving

        _saving.save(self, args, force_insert, force_update, using, update_fields)

    async def asave(self, *args, **kwargs):
        return self.save(*args, **kwargs)

    def save_base(self, raw=False, force_insert=False, force_update=False, using=None, update_fields=None):
        from django.db.models import saving

        saving.save_base(self, force_insert, force_update, update_fields, raw)

    save_base.alters_data = True

    def delete(self, using=None, keep_parents=False):
        from django.db.models import saving

        check_alias(using)
        return saving.delete(self)

    async def adelete(self, using=None, keep_parents=False):
        return self.delete()

    def clean(self):
        """To be overridden."""

    def full_clean(self, exclude=None, validate_unique=True, validate_constraints=True):
        from django.db.models import cleaning

        cleaning.full_clean(self, exclude, validate_unique)

    def clean_fields(self, exclude=None):
        from django.db.models import cleaning

        cleaning.clean_fields(self, exclude)

    def validate_unique(self, exclude=None):
        from django.db.models import cleaning

        cleaning.validate_unique(self, exclude)

    def validate_constraints(self, exclude=None):
        pass

    def date_error_message(self, lookup_type, field_name, unique_for):
        self._meta.get_field(field_name), self._meta.get_field(unique_for)
        return ""

    def unique_error_message(self, model_class, unique_check):
        from django.db.models import cleaning

        return cleaning.unique_error(self, model_class, unique_check)

    def get_constraints(self):
        return [(self.__class__, list(self._meta.constraints))]

    def prepare_database_save(self, field):
        if self.pk is None:
            raise ValueError("Unsaved model instance %r cannot be used in an ORM query." % self)
        return self.pk

    def _get_pk_val(self, meta=None):
        return self.pk

    def _is_pk_set(self, meta=None):
        return self.pk is not None

    @classmethod
    def check(cls, **kwargs):
        return []


def model_unpickle(label):
    cls = apps.load(label)
    return cls.__new__(cls)
