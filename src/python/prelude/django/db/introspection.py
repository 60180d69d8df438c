"""What a connection says of its tables. There are those of the models, under the names that Django gives them."""


class Introspection:
    def __init__(self, connection):
        self.connection = connection

    def _models(self):
        from django.apps import apps

        return [model for model in apps.get_models() if not model._meta.proxy]

    def table_names(self, cursor=None, include_views=False):
        return sorted([*self.django_table_names(), "django_migrations"])

    def django_table_names(self, only_existing=False, include_views=True):
        names = []
        for model in self._models():
            names.append(model._meta.db_table)
            names.extend(field.m2m_db_table() for field in model._meta.many_to_many)
        return names

    def installed_models(self, tables):
        tables = set(tables)
        return {model for model in self._models() if model._meta.db_table in tables}

    def identifier_converter(self, name):
        return name

    def _no_cursor(self, *args, **kwargs):
        self.connection.cursor()

    get_table_list = get_table_description = get_constraints = get_relations = get_sequences = _no_cursor


class Features:
    """What this program does as a database does it that Django knows."""

    supports_transactions = True
    uses_savepoints = True
    can_return_columns_from_insert = True
    can_return_rows_from_bulk_insert = True
    has_bulk_insert = True
    supports_ignore_conflicts = True
    supports_update_conflicts = True
    supports_update_conflicts_with_target = True
    supports_foreign_keys = True
    supports_json_field = False
    supports_over_clause = False
    has_select_for_update = False
    can_distinct_on_fields = False
    supports_explaining_query_execution = False
    minimum_database_version = None


class Operations:
    def quote_name(self, name):
        return name if name.startswith('"') and name.endswith('"') else '"%s"' % name

    def max_name_length(self):
        return None

    def bulk_batch_size(self, fields, objs):
        return len(objs)
