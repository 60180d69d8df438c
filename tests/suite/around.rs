//! What stands around the models: commands called from Python, fixtures, settings, and words for what is not there.

use crate::support::TestEnv;

#[test]
fn a_command_called_from_python_prints_or_fills_a_stream_and_raises_its_refusal() {
    let env = TestEnv::new();
    let code = "
import io
from django.core.management import call_command
from django.core.management.base import CommandError
User.objects.create_user('alice')
buffer = io.StringIO()
call_command('drf_create_token', 'alice', stdout=buffer)
print(buffer.getvalue() == 'Generated token %s for user alice\\n' % Token.objects.get().key)
try:
    call_command('drf_create_token', 'nobody')
except CommandError as error:
    print(error)
call_command('dumpdata', 'auth.group')
";
    let expected = "True\nCannot create the Token: user nobody does not exist\n[]";
    assert_eq!(env.python(code).success().trim_end(), expected);
}

#[test]
fn rows_go_through_a_fixture_unchanged() {
    let env = TestEnv::new();
    let code = "
from django.core import serializers
group = Group.objects.create(name='ops')
user = User.objects.create(username='zo\u{eb}', email='a<b>&@example.com')
user.groups.add(group)
for form in ('json', 'jsonl', 'xml'):
    text = serializers.serialize(form, User.objects.all(), use_natural_foreign_keys=True)
    User.objects.all().delete()
    for row in serializers.deserialize(form, text):
        row.save()
    found = User.objects.get()
    print(found.username, found.email, found.date_joined == user.date_joined or form == 'json', found.groups.get())
";
    let printed = env.python(code).success();
    assert_eq!(printed.lines().filter(|line| line.starts_with("zo\u{eb} a<b>&@example.com")).count(), 3, "{printed}");
}

#[test]
fn what_is_not_there_names_the_nearest_thing_that_works() {
    let env = TestEnv::new();
    let output = env.python("import django.test");
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("ModuleNotFoundError: No module named 'django.test' in hallpass: ask the endpoint"));
    let output = env.python("import nosuch");
    assert!(output.stderr.ends_with("ModuleNotFoundError: No module named 'nosuch'\n"), "{}", output.stderr);
}

#[test]
fn a_setting_that_is_not_set_raises_as_in_django() {
    let env = TestEnv::new();
    let output = env.python("from django.conf import settings\nprint(settings.USE_TZ)\nsettings.NOSUCH");
    assert_eq!(output.stdout, "True\n");
    assert!(output.stderr.ends_with("AttributeError: 'Settings' object has no attribute 'NOSUCH'\n"));
}
