"""Where users come from: the store."""


class BaseBackend:
    def authenticate(self, request, **kwargs):
        return None

    async def aauthenticate(self, request, **kwargs):
        return self.authenticate(request, **kwargs)

    def get_user(self, user_id):
        return None

    async def aget_user(self, user_id):
        return self.get_user(user_id)

    def get_user_permissions(self, user_obj, obj=None):
        return set()

    def get_group_permissions(self, user_obj, obj=None):
        return set()

    def get_all_permissions(self, user_obj, obj=None):
        return {*self.get_user_permissions(user_obj, obj), *self.get_group_permissions(user_obj, obj)}

    async def aget_user_permissions(self, user_obj, obj=None):
        return self.get_user_permissions(user_obj, obj)

    async def aget_group_permissions(self, user_obj, obj=None):
        return self.get_group_permissions(user_obj, obj)

    async def aget_all_permissions(self, user_obj, obj=None):
        return self.get_all_permissions(user_obj, obj)

    async def ahas_perm(self, user_obj, perm, obj=None):
        return self.has_perm(user_obj, perm, obj)

    def has_perm(self, user_obj, perm, obj=None):
        return perm in self.get_all_permissions(user_obj, obj)


def _labels(permissions):
    pairs = permissions.order_by().values_list("content_type__app_label", "codename")
    return {"%s.%s" % pair for pair in pairs}


class ModelBackend(BaseBackend):
    def authenticate(self, request, username=None, password=None, **kwargs):
        from django.contrib.auth import get_user_model

        model = get_user_model()
        if username is None:
            username = kwargs.get(model.USERNAME_FIELD)
        if username is None or password is None:
            return None
        try:
            user = model._default_manager.get_by_natural_key(username)
        except model.DoesNotExist:
            # The time must not tell which users there are.
            model().set_password(password)
            return None
        if user.check_password(password) and self.user_can_authenticate(user):
            return user
        return None

    def user_can_authenticate(self, user):
        return getattr(user, "is_active", True)

    def _get_permissions(self, user_obj, obj, kind):
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        name = "_%s_perm_cache" % kind
        if not hasattr(user_obj, name):
            from django.contrib.auth.models import Permission

            if user_obj.is_superuser:
                permissions = Permission.objects.all()
            elif kind == "user":
                permissions = user_obj.user_permissions.all()
            else:
                permissions = Permission.objects.filter(group__user=user_obj)
            setattr(user_obj, name, _labels(permissions))
        return getattr(user_obj, name)

    def get_user_permissions(self, user_obj, obj=None):
        return self._get_permissions(user_obj, obj, "user")

    def get_group_permissions(self, user_obj, obj=None):
        return self._get_permissions(user_obj, obj, "group")

    def get_all_permissions(self, user_obj, obj=None):
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            user_obj._perm_cache = super().get_all_permissions(user_obj)
        return user_obj._perm_cache

    def has_perm(self, user_obj, perm, obj=None):
        return user_obj.is_active and super().has_perm(user_obj, perm, obj=obj)

    async def ahas_module_perms(self, user_obj, app_label):
        return self.has_module_perms(user_obj, app_label)

    def has_module_perms(self, user_obj, app_label):
        return user_obj.is_active and any(
            perm.partition(".")[0] == app_label for perm in self.get_all_permissions(user_obj)
        )

    def with_perm(self, perm, is_active=True, include_superusers=True, obj=None):
        from django.contrib.auth import get_user_model
        from django.contrib.auth.models import Permission
        from django.db.models import Q

        model = get_user_model()
        if isinstance(perm, str):
            try:
                app_label, codename = perm.split(".")
            except ValueError:
                raise ValueError("Permission name should be in the form app_label.permission_codename.")
            found = Permission.objects.filter(codename=codename, content_type__app_label=app_label)
        elif isinstance(perm, Permission):
            found = Permission.objects.filter(pk=perm.pk)
        else:
            raise TypeError("The `perm` argument must be a string or a permission instance.")
        if obj is not None:
            return model._default_manager.none()
        ids = list(found.values_list("pk", flat=True))
        condition = Q(user_permissions__in=ids) | Q(groups__permissions__in=ids)
        if include_superusers:
            condition |= Q(is_superuser=True)
        users = model._default_manager.filter(condition).distinct()
        return users if is_active is None else users.filter(is_active=is_active)

    def get_user(self, user_id):
        from django.contrib.auth import get_user_model

        model = get_user_model()
        try:
            user = model._default_manager.get(pk=user_id)
        except model.DoesNotExist:
            return None
        return user if self.user_can_authenticate(user) else None


class AllowAllUsersModelBackend(ModelBackend):
    def user_can_authenticate(self, user):
        return True


class RemoteUserBackend(ModelBackend):
    """Users whom something in front of this program knows already."""

    create_unknown_user = True

    def authenticate(self, request, remote_user):
        if not remote_user:
            return None
        from django.contrib.auth import get_user_model

        model, username = get_user_model(), self.clean_username(remote_user)
        created = False
        if self.create_unknown_user:
            user, created = model._default_manager.get_or_create(**{model.USERNAME_FIELD: username})
        else:
            try:
                user = model._default_manager.get_by_natural_key(username)
            except model.DoesNotExist:
                return None
        user = self.configure_user(request, user, created=created)
        return user if self.user_can_authenticate(user) else None

    def clean_username(self, username):
        return username

    def configure_user(self, request, user, created=True):
        return user


class AllowAllUsersRemoteUserBackend(RemoteUserBackend):
    def user_can_authenticate(self, user):
        return True
