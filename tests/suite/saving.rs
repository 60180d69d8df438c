//! Saving: the short way that most instances take, and the long one, which whoever looks cannot tell apart. What is
//! expected here is what Django 5.2 answers.

use crate::support::TestEnv;

fn answers(code: &str) -> String {
    TestEnv::new().python(code).success()
}

#[test]
fn what_is_made_has_a_row_a_state_and_its_relations() {
    let code = "
u = User.objects.create(username='a')
print(u.pk, u._state.adding, u._state.db, u.date_joined.tzinfo, u.last_login, list(u.__dict__)[:4])
t = Token.objects.create(user=u)
print(len(t.key), t.user is u, u.auth_token is t, t.pk == t.key, t._state.adding, t.created.tzinfo)
print(Token.objects.get(user=u).key == t.key, Group.objects.create(name='g')._state.adding)
made, new = User.objects.get_or_create(username='b')
print(new, made.pk, User.groups.through.objects.create(user_id=u.pk, group_id=1).pk)
";
    let expected = "1 False default UTC None ['_state', 'id', 'password', 'last_login']\n\
                    40 True True True False UTC\nTrue False\nTrue 2 1\n";
    assert_eq!(answers(code), expected);
}

#[test]
fn many_that_are_made_together_are_as_one_that_is_made_alone() {
    let code = "
us = User.objects.bulk_create([User(username='b%d' % n) for n in range(3)])
ts = Token.objects.bulk_create([Token(user=u, key='%040d' % u.pk) for u in us])
print([t.key[-2:] for t in ts], ts[0]._state.adding, ts[0].user is us[0], us[0].auth_token is ts[0])
print(ts[0].created.tzinfo, Token.objects.get(user=us[0]).created == ts[0].created)
try:
    Token.objects.bulk_create([Token(user=User(username='n'), key='1')])
except ValueError as err:
    print(err)
more = Token.objects.bulk_create([Token(user=us[1], key='r' * 40)], ignore_conflicts=True)
print(more[0].key[:1], Token.objects.count(), Group.objects.bulk_create([Group(name='g')])[0].pk)
import datetime
old = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
t = Token(user=User.objects.create(username='z'), created=old)
print(t.created.year, Token(user=us[0]).created)
t.save(); t.save()
print(t.created > old, Token.objects.get(user__username='z').created == t.created)
";
    let expected = "['01', '02', '03'] False True True\nUTC True\n\
                    bulk_create() prohibited to prevent data loss due to unsaved related object 'user'.\n\
                    r 3 1\n2000 None\nTrue True\n";
    assert_eq!(answers(code), expected);
}

#[test]
fn who_listens_or_has_an_own_way_to_save_is_asked() {
    let code = "
from django.db.models.signals import post_save, pre_save
def told(sender, signal, **kw):
    print(sender.__name__, *(kw.get(k) for k in ('created', 'update_fields', 'raw', 'using')))
pre_save.connect(told); post_save.connect(told)
u = User.objects.create(username='a')
u.save(); u.save(update_fields=['email'])
pre_save.disconnect(told); post_save.disconnect(told)
class Own(User):
    class Meta:
        proxy, app_label = True, 'auth'
    def save(self, *args, **kwargs):
        print('own', kwargs)
        super().save(*args, **kwargs)
Own.objects.create(username='b')
Token.generate_key = classmethod(lambda cls: 'k' * 40)
print(Token.objects.create(user=u).key)
usual = User.save
User.save = lambda self, **kwargs: (print('in its place'), usual(self, **kwargs))
User.objects.create(username='c')
class Manager(type(User.objects)):
    def get_queryset(self):
        print('asked')
        return super().get_queryset()
manager = Manager(); manager.model = Group
print(manager.create(name='g'))
";
    let expected = "User None None False default\nUser True None False default\nUser None None False default\n\
                    User False None False default\nUser None frozenset({'email'}) False default\n\
                    User False frozenset({'email'}) False default\n\
                    own {'force_insert': True, 'using': 'default'}\nkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\n\
                    in its place\nasked\ng\n";
    assert_eq!(answers(code), expected);
}

#[test]
fn every_value_of_an_instance_is_written_where_its_row_is() {
    let code = "
from django.db.models import F
import datetime
User.objects.create(username='a', email='e')
one, other = User.objects.get(pk=1), User.objects.get(pk=1)
one.first_name = 'f'; one.save()
other.last_name = 'l'; other.save()
fields = 'first_name', 'last_name', 'email'
print(User.objects.values_list(*fields).get())
other.first_name = 'x'; other.email = 'y'; other.save(update_fields=['email'])
print(User.objects.values_list(*fields).get())
one.first_name = F('last_name'); one.save(); one.refresh_from_db(); print(one.first_name)
few = User.objects.only('username').get(); few.username = 'n'; few.save()
print(User.objects.values_list('username', *fields).get())
one.pk = 77; one.username = 'copy'; one.save()
one.pk = None; one.username = 'third'; one.save(); print(one.pk, User.objects.count())
east = datetime.timezone(datetime.timedelta(hours=2))
for n, at in enumerate([(2020, 2, 29, 23, 59, 59, 999999, east), (1, 1, 1), (9999, 12, 30), (1969, 12, 31, 23, 59, 59, 1)]):
    zone = at[7:] or (datetime.timezone.utc,)
    u = User.objects.create(username=str(n), date_joined=datetime.datetime(*at[:7], tzinfo=zone[0]))
    print(User.objects.get(pk=u.pk).date_joined)
";
    let expected = "('', 'l', 'e')\n('', 'l', 'y')\nl\n('n', 'l', '', 'e')\n78 3\n\
                    2020-02-29 21:59:59.999999+00:00\n0001-01-01 00:00:00+00:00\n9999-12-30 00:00:00+00:00\n\
                    1969-12-31 23:59:59.000001+00:00\n";
    assert_eq!(answers(code), expected);
}

#[test]
fn what_cannot_be_saved_says_why_and_leaves_nothing() {
    let code = "
from django.db import transaction
a = User.objects.create(username='a'); Token.objects.create(user=a)
def tell(make):
    try:
        make()
    except Exception as err:
        print(type(err).__name__, err)
tell(lambda: Token.objects.create(user=a))
tell(lambda: Token.objects.create(user_id=99))
tell(lambda: Token.objects.create(user=User(username='x')))
tell(lambda: Token.objects.create())
tell(lambda: User.objects.create(username='a'))
tell(lambda: User.objects.create(username=None))
tell(lambda: User.objects.create('x'))
tell(lambda: User.objects.create(username='q', nope=1))
tell(lambda: User(username='n').save(force_update=True))
tell(lambda: User(pk=99, username='n').save(force_update=True))
tell(lambda: User(pk=99, username='n').save(update_fields=['email']))
tell(lambda: a.save(force_insert=True))
def block():
    with transaction.atomic():
        User.objects.create(username='in')
        tell(lambda: User.objects.create(username='a'))
        User.objects.count()
tell(block)
print(User.objects.count(), Token.objects.count())
";
    let expected = "IntegrityError UNIQUE constraint failed: authtoken_token.user_id\n\
                    IntegrityError FOREIGN KEY constraint failed\n\
                    ValueError save() prohibited to prevent data loss due to unsaved related object 'user'.\n\
                    IntegrityError NOT NULL constraint failed: authtoken_token.user_id\n\
                    IntegrityError UNIQUE constraint failed: auth_user.username\n\
                    IntegrityError NOT NULL constraint failed: auth_user.username\n\
                    TypeError QuerySet.create() takes 1 positional argument but 2 were given\n\
                    TypeError User() got unexpected keyword arguments: 'nope'\n\
                    ValueError Cannot force an update in save() with no primary key.\n\
                    DatabaseError Forced update did not affect any rows.\n\
                    DatabaseError Save with update_fields did not affect any rows.\n\
                    IntegrityError UNIQUE constraint failed: auth_user.id\n\
                    IntegrityError UNIQUE constraint failed: auth_user.username\n\
                    TransactionManagementError An error occurred in the current transaction. You can't execute queries until \
                    the end of the 'atomic' block.\n1 1\n";
    assert_eq!(answers(code), expected);
}

#[test]
fn a_new_row_takes_constants_and_no_expression_of_columns() {
    let env = TestEnv::new();
    let code = "
from django.db.models import F, Value
User(username=Value('kept')).save()
print(User.objects.get().username)
for save in (lambda: User(username=F('email')).save(), lambda: User(username='x').save('x')):
    try:
        save()
    except Exception as error:
        print(type(error).__name__, error)
print(User.objects.count())
";
    let expected = "kept\nValueError Failed to insert expression \"Col(auth_user, auth.User.email)\" on \
        auth.User.username. F() expressions can only be used to update, not to insert.\n\
        TypeError force_insert must be a bool or tuple.\n1\n";
    assert_eq!(env.python(code).success(), expected);
}
