"""The attributes by which related rows are reached."""

import _hallpass
from django import apps


def install(cls, table):
    """Gives a class the attributes of its relations, in both directions."""
    label = cls._meta.label
    for field in table["fields"]:
        if "to" in field:
            kind = ForwardOneToOneDescriptor if field["class"] == "OneToOneField" else ForwardManyToOneDescriptor
            setattr(cls, field["name"], kind(cls, field))
    for field in table["many"]:
        setattr(cls, field["name"], ManyToManyDescriptor(label, field["to"], field["name"], field["through"], False))
    for other, name, query_name, accessor in table["reverses"]:
        if other == "authtoken.Token":
            setattr(cls, accessor, ReverseOneToOneDescriptor(cls, other, name, accessor))
        elif other in ("auth.User", "auth.Group") and name in ("groups", "user_permissions", "permissions"):
            through = {"groups": "User_groups", "user_permissions": "User_user_permissions"}.get(name, "Group_permissions")
            setattr(cls, accessor, ManyToManyDescriptor(label, other, name, "auth." + through, True, query_name))
        else:
            setattr(cls, accessor, ReverseManyToOneDescriptor(other, name, query_name))


class ForwardManyToOneDescriptor:
    def __init__(self, model, field):
        self._model = model
        self._name = field["name"]
        self._attname = field["attname"]
        self._null = field["null"]
        self._to = field["to"]

    @property
    def field(self):
        return self._model._meta.get_field(self._name)

    @property
    def RelatedObjectDoesNotExist(self):
        to = apps.load(self._to)
        return _missing(self, self._model, self._name, to)

    def is_cached(self, instance):
        return self._name in instance._state.fields_cache

    def __get__(self, instance, cls=None):
        if instance is None:
            return self
        cache = instance._state.fields_cache
        if self._name in cache:
            related = cache[self._name]
        else:
            pk = getattr(instance, self._attname)
            related = None if pk is None else apps.load(self._to)._base_manager.get(pk=pk)
            if related is not None:
                cache[self._name] = related
                self._link_back(related, instance)
        if related is None and not self._null:
            raise self.RelatedObjectDoesNotExist(
                "%s has no %s." % (self._model.__name__, self._name)
            )
        return related

    def _link_back(self, related, instance):
        pass

    def __set__(self, instance, value):
        to = apps.load(self._to)
        if value is not None and not isinstance(value, to._meta.concrete_model):
            raise ValueError(
                'Cannot assign "%r": "%s.%s" must be a "%s" instance.'
                % (value, instance._meta.object_name, self._name, to._meta.object_name)
            )
        if value is None:
            instance._state.fields_cache.pop(self._name, None)
            instance.__dict__[self._attname] = None
            if self._null:
                instance._state.fields_cache[self._name] = None
            else:
                instance._state.fields_cache[self._name] = None
            return
        _hallpass.hold(instance, self._attname, value.pk)
        instance._state.fields_cache[self._name] = value
        self._link_back(value, instance)


class ForwardOneToOneDescriptor(ForwardManyToOneDescriptor):
    def _link_back(self, related, instance):
        if self._to == "auth.User":
            related._state.fields_cache["auth_token"] = instance


def _missing(descriptor, owner, name, related):
    """The class of the error that says that there is no related row; made once."""
    made = descriptor.__dict__.get("_missing_class")
    if made is None:
        made = type(
            "RelatedObjectDoesNotExist",
            (related.DoesNotExist, AttributeError),
            {"__module__": owner.__module__, "__qualname__": "%s.%s.RelatedObjectDoesNotExist" % (owner.__qualname__, name)},
        )
        descriptor._missing_class = made
    return made


class ReverseOneToOneDescriptor:
    def __init__(self, model, other, field, accessor):
        self._model = model
        self._other = other
        self._field = field
        self._accessor = accessor

    @property
    def related(self):
        return self._model._meta.get_field(self._accessor)

    @property
    def RelatedObjectDoesNotExist(self):
        return _missing(self, self._model, self._accessor, apps.load(self._other))

    def is_cached(self, instance):
        return self._accessor in instance._state.fields_cache

    def __get__(self, instance, cls=None):
        if instance is None:
            return self
        cache = instance._state.fields_cache
        found = cache.get(self._accessor)
        if found is None and self._accessor not in cache:
            other = apps.load(self._other)
            pk = instance.pk
            results = [] if pk is None else other._base_manager.filter(**{self._field: pk})._fetch_all()
            found = results[0] if results else None
            if found is not None:
                found._state.fields_cache[self._field] = instance
            cache[self._accessor] = found
        if found is None:
            raise self.RelatedObjectDoesNotExist("%s has no %s." % (self._model.__name__, self._accessor))
        return found

    def __set__(self, instance, value):
        other = apps.load(self._other)
        if value is None:
            old = instance._state.fields_cache.pop(self._accessor, None)
            if old is not None:
                setattr(old, self._field, None)
            return
        if not isinstance(value, other):
            raise ValueError(
                'Cannot assign "%r": "%s.%s" must be a "%s" instance.'
                % (value, instance._meta.object_name, self._accessor, other._meta.object_name)
            )
        setattr(value, self._field, instance)
        instance._state.fields_cache[self._accessor] = value


class ReverseManyToOneDescriptor:
    def __init__(self, other, field, query_name):
        self._other = other
        self._field = field
        self._query_name = query_name

    def __get__(self, instance, cls=None):
        if instance is None:
            return self
        from django.db.models.fields import many

        return many.related_manager(apps.load(self._other), self._field, instance, instance_accessor(self))


class ManyToManyDescriptor(ReverseManyToOneDescriptor):
    def __init__(self, owner, other, field, through, reverse, query_name=None):
        super().__init__(other, field, query_name)
        self._owner = owner
        self._through = through
        self.reverse = reverse

    @property
    def through(self):
        from django.db.models.fields import many

        return many.through(self._through)

    @property
    def field(self):
        return apps.load(self._other if self.reverse else self._owner)._meta.get_field(self._field)

    def __get__(self, instance, cls=None):
        if instance is None:
            return self
        from django.db.models.fields import many

        return many.many_related_manager(self, instance)

    def __set__(self, instance, value):
        if self.reverse:
            raise TypeError(
                "Direct assignment to the reverse side of a many-to-many set is prohibited. Use %s.set() instead."
                % instance_accessor(self)
            )
        raise TypeError(
            "Direct assignment to the forward side of a many-to-many set is prohibited. Use %s.set() instead."
            % self._field
        )


def instance_accessor(descriptor):
    return descriptor._query_name + "_set"


def create_forward_many_to_many_manager(superclass, rel, reverse):
    """Makes the class of the managers of a many-to-many relation."""

    class ManyRelatedManager(superclass):
        pass

    return ManyRelatedManager


def create_reverse_many_to_one_manager(superclass, rel):
    """Makes the class of the managers of the rows that refer to one."""

    class RelatedManager(superclass):
        pass

    return RelatedManager
