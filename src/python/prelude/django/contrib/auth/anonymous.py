"""Somebody who has not said who they are."""

from django.contrib.auth.models import Group, Permission
from django.db.models.manager import EmptyManager


class AnonymousUser:
    id = None
    pk = None
    username = ""
    is_staff = False
    is_active = False
    is_superuser = False
    is_anonymous = property(lambda self: True)
    is_authenticated = property(lambda self: False)

    def __str__(self):
        return "AnonymousUser"

    def __eq__(self, other):
        return isinstance(other, self.__class__)

    def __hash__(self):
        return 1

    def __int__(self):
        raise TypeError("Cannot cast AnonymousUser to int. Are you trying to use it in place of User?")

    def _no_rows(self):
        raise NotImplementedError("Django doesn't provide a DB representation for AnonymousUser.")

    def save(self):
        self._no_rows()

    def delete(self):
        self._no_rows()

    def set_password(self, raw_password):
        self._no_rows()

    def check_password(self, raw_password):
        self._no_rows()

    @property
    def groups(self):
        return EmptyManager(Group)

    @property
    def user_permissions(self):
        return EmptyManager(Permission)

    def get_user_permissions(self, obj=None):
        return set()

    def get_group_permissions(self, obj=None):
        return set()

    def get_all_permissions(self, obj=None):
        return set()

    def has_perm(self, perm, obj=None):
        return False

    def has_perms(self, perm_list, obj=None):
        if not hasattr(perm_list, "__iter__") or isinstance(perm_list, str):
            raise ValueError("perm_list must be an iterable of permissions.")
        return not list(perm_list)

    def has_module_perms(self, module):
        return False

    async def aget_user_permissions(self, obj=None):
        return set()

    async def aget_group_permissions(self, obj=None):
        return set()

    async def aget_all_permissions(self, obj=None):
        return set()

    async def ahas_perm(self, perm, obj=None):
        return False

    async def ahas_perms(self, perm_list, obj=None):
        return self.has_perms(perm_list, obj)

    async def ahas_module_perms(self, module):
        return False

    def get_username(self):
        return self.username


AnonymousUser.__module__ = "django.contrib.auth.models"
