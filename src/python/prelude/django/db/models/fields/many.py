"""Managers of related rows: `user.groups`, `group.user_set`, `content_type.permission_set`."""

import _hallpass
from django import apps
from django.db import transaction
from django.db.models import signals
from django.db.models.fields import related_descriptors

_classes = {}


def through(label):
    """The class of a model of links."""
    key = label.lower()
    if key not in apps.classes:
        from django.db.models.base import Model, ModelBase

        name = label.partition(".")[2]
        made = ModelBase(name, (Model,), {"__module__": "django.contrib.auth.models"}, label=label)
        made._meta.auto_created = True
    return apps.classes[key]


class _Related:
    def __call__(self, *, manager):
        return self

    def get_queryset(self):
        held = self.instance.__dict__.get("_prefetched_objects_cache")
        if held and self._accessor in held:
            return held[self._accessor]
        found = super().get_queryset().filter(**self._core)
        found._known = self._known
        return found


def related_manager(other, field, instance, accessor):
    base = other._default_manager.__class__
    key = (other, field)
    if key not in _classes:
        made = related_descriptors.create_reverse_many_to_one_manager(_mixed(base), None)
        _classes[key] = made
        made.create = _creating("create")
        made.get_or_create = _creating("get_or_create")
        made.update_or_create = _creating("update_or_create")
        made.add, made.aadd, made.set, made.aset = _add, _aadd, _set, _aset
    manager = _classes[key]()
    manager.model = other
    manager.instance = instance
    manager._core = {field: instance}
    manager._accessor = accessor
    manager._known = {field: instance}
    manager._given = {field: instance}
    return manager


def _add(self, *objs, bulk=True):
    """Lets these rows refer to the instance."""
    field = next(iter(self._core))
    self.instance.__dict__.get("_prefetched_objects_cache", {}).pop(self._accessor, None)
    for one in objs:
        if not isinstance(one, self.model):
            raise TypeError("'%s' instance expected, got %r" % (self.model._meta.object_name, one))
        setattr(one, field, self.instance)
        if bulk and one._state.adding:
            raise ValueError("%r instance isn't saved. Use bulk=False or save the object first." % one)
    if bulk:
        self.model._base_manager.filter(pk__in=[one.pk for one in objs]).update(**{field: self.instance})
        return
    with transaction.atomic():
        for one in objs:
            one.save()


def _set(self, objs, *, bulk=True, clear=False):
    # The rows cannot be without one they refer to: those that are there stay.
    self.add(*tuple(objs), bulk=bulk)


async def _aadd(self, *objs, bulk=True):
    self.add(*objs, bulk=bulk)


async def _aset(self, objs, *, bulk=True, clear=False):
    self.set(objs, bulk=bulk)


def _creating(name):
    def create(self, *args, **kwargs):
        return getattr(super(type(self), self), name)(*args, **{**kwargs, **self._given})

    create.__name__ = name
    return create


def _mixed(base):
    return type(base.__name__, (_Related, base), {"__module__": base.__module__})


def many_related_manager(descriptor, instance):
    other = apps.load(descriptor._other)
    if instance.pk is None:
        raise ValueError(
            '"%r" needs to have a value for field "%s" before this many-to-many relationship can be used.'
            % (instance, instance._meta.pk_attname)
        )
    key = (descriptor._through, descriptor.reverse)
    if key not in _classes:
        _classes[key] = related_descriptors.create_forward_many_to_many_manager(_many(other), None, descriptor.reverse)
    manager = _classes[key]()
    manager.model = other
    manager.instance = instance
    manager.through = descriptor.through
    manager.reverse = descriptor.reverse
    manager._label = descriptor._through
    manager._from_left = _hallpass.begins_at(descriptor._through, instance._meta.label)
    manager._field = descriptor._field
    manager._accessor = related_descriptors.instance_accessor(descriptor) if descriptor.reverse else descriptor._field
    query_name = descriptor._field if descriptor.reverse else instance._meta.model_name
    manager._core = {query_name: instance.pk}
    manager._known = None
    return manager


def _many(other):
    base = other._default_manager.__class__

    class Many(_Related, base):
        def _ids(self, objs):
            ids = []
            for one in objs:
                if hasattr(one, "_meta"):
                    if not isinstance(one, self.model):
                        raise TypeError(
                            "'%s' instance expected, got %r" % (self.model._meta.object_name, one)
                        )
                    if one._state.db is None:
                        raise ValueError(
                            'Cannot add "%r": instance is on database "default", value is on database "None"' % one
                        )
                    if one.pk is None:
                        raise ValueError(
                            'Cannot add "%r": the value for field "%s" is None' % (one, self._target())
                        )
                    ids.append(one.pk)
                elif one is None:
                    continue
                elif isinstance(one, str) and not one.lstrip("-").isdigit():
                    raise ValueError("Field 'id' expected a number but got %r." % one)
                elif isinstance(one, (int, float, str)):
                    ids.append(int(one))
                else:
                    raise TypeError("Field 'id' expected a number but got %r." % (one,))
            return ids

        def _forget(self):
            self.instance.__dict__.get("_prefetched_objects_cache", {}).pop(self._accessor, None)

        def _target(self):
            return self.model._meta.model_name

        def _tell(self, action, ids):
            if signals.m2m_changed.receivers:
                signals.m2m_changed.send(
                    sender=self.through,
                    action=action,
                    instance=self.instance,
                    reverse=self.reverse,
                    model=self.model,
                    pk_set=None if ids is None else set(ids),
                    using="default",
                )

        def add(self, *objs, through_defaults=None):
            if not objs:
                return
            ids = self._ids(objs)
            self._forget()
            with transaction.breaks():
                if signals.m2m_changed.receivers:
                    have = set(_hallpass.links(self._label, self._from_left, self.instance.pk))
                    new = [one for one in ids if one not in have]
                    self._tell("pre_add", new)
                added = _hallpass.link(self._label, self._from_left, self.instance.pk, ids)
            self._tell("post_add", added)

        def remove(self, *objs):
            ids = self._ids(objs)
            if not ids:
                return
            self._forget()
            self._tell("pre_remove", ids)
            with transaction.breaks():
                _hallpass.unlink(self._label, self._from_left, self.instance.pk, ids)
            self._tell("post_remove", ids)

        def clear(self):
            self._forget()
            self._tell("pre_clear", None)
            with transaction.breaks():
                have = _hallpass.links(self._label, self._from_left, self.instance.pk)
                _hallpass.unlink(self._label, self._from_left, self.instance.pk, have)
            self._tell("post_clear", None)

        def set(self, objs, *, clear=False, through_defaults=None):
            objs = tuple(objs)
            with transaction.atomic():
                if clear:
                    self.clear()
                    self.add(*objs)
                    return
                wanted = self._ids(objs)
                have = _hallpass.links(self._label, self._from_left, self.instance.pk)
                self.remove(*[one for one in have if one not in wanted])
                self.add(*[one for one in wanted if one not in have])

        def create(self, *, through_defaults=None, **kwargs):
            made = super().create(**kwargs)
            self.add(made)
            return made

        def get_or_create(self, *, through_defaults=None, **kwargs):
            made, created = super().get_or_create(**kwargs)
            if created:
                self.add(made)
            return made, created

        def update_or_create(self, *, through_defaults=None, **kwargs):
            made, created = super().update_or_create(**kwargs)
            if created:
                self.add(made)
            return made, created

        async def aadd(self, *objs, through_defaults=None):
            self.add(*objs)

        async def aremove(self, *objs):
            self.remove(*objs)

        async def aclear(self):
            self.clear()

        async def aset(self, objs, *, clear=False, through_defaults=None):
            self.set(objs, clear=clear)

    for name in ("add", "remove", "clear", "set", "create"):
        method = Many.__dict__[name]
        method.__qualname__ = "create_forward_many_to_many_manager.<locals>.ManyRelatedManager." + name
    return Many
