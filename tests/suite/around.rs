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

#[test]
fn a_setting_that_nobody_made_has_djangos_default() {
    let env = TestEnv::new();
    let code = "
from django.conf import global_settings, settings
print(settings.CSRF_COOKIE_NAME, settings.EMAIL_PORT, settings.SESSION_COOKIE_HTTPONLY, settings.LANGUAGES[0])
print(settings.DEBUG, global_settings.DEBUG, settings.is_overridden('DEBUG'), settings.is_overridden('EMAIL_PORT'))
settings.EMAIL_PORT = 26
print(settings.EMAIL_PORT, settings.is_overridden('EMAIL_PORT'))
del settings.EMAIL_PORT
print(settings.EMAIL_PORT, 'EMAIL_PORT' in dir(settings))
";
    let expected = "csrftoken 25 True ('af', 'Afrikaans')\nTrue False True False\n26 True\n25 True\n";
    assert_eq!(env.python(code).success(), expected);
}

#[test]
fn source_given_to_exec_eval_and_compile_fails_in_pythons_words() {
    let env = TestEnv::new();
    let code = "
for run in (exec, eval, lambda source: compile(source, 'script.py', 'exec')):
    for source in ('x = (1,', 'for u in all()\\n  pass', '1 = x', \"print 'a'\"):
        try:
            run(source)
        except SyntaxError as error:
            print(error)
exec('y = 6\\r\\nprint(y * 7)')
print(eval(' 6 * 7'), eval(b'6 * 7'))
def inner():
    z = 5
    exec('print(z)')
inner()
";
    let printed = env.python(code).success();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "'(' was never closed (<string>, line 1)");
    assert_eq!(lines[1], "expected ':' (<string>, line 1)");
    assert_eq!(lines[2], "cannot assign to literal here. Maybe you meant '==' instead of '='? (<string>, line 1)");
    assert_eq!(lines[3], "Missing parentheses in call to 'print'. Did you mean print(...)? (<string>, line 1)");
    assert_eq!(lines[9], "expected ':' (script.py, line 1)");
    assert_eq!(&lines[12..], ["42", "42 42", "5"]);
}

#[test]
fn a_response_is_made_filled_and_shown() {
    let env = TestEnv::new();
    let code = "
import csv
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
response = HttpResponse(content_type='text/csv')
csv.writer(response).writerow(['alice', 1])
print(response, response.content, response.headers)
print(HttpResponseRedirect('/a b/'), JsonResponse({'a': [1]}).content, HttpResponse(status=404).reason_phrase)
for wrong in (lambda: JsonResponse([1]), lambda: HttpResponse(status=99), lambda: QueryDict('a=1').update({'b': 2})):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__, error)
";
    let expected = "\
<HttpResponse status_code=200, \"text/csv\"> b'alice,1\\r\\n' {'Content-Type': 'text/csv'}
<HttpResponseRedirect status_code=302, \"text/html; charset=utf-8\", url=\"/a%20b/\"> b'{\"a\": [1]}' Not Found
TypeError In order to allow non-dict objects to be serialized set the safe parameter to False.
ValueError HTTP status code must be an integer from 100 to 599.
AttributeError This QueryDict instance is immutable
";
    assert_eq!(env.python(code).success(), expected);
}

#[test]
fn threads_run_where_they_are_started() {
    let env = TestEnv::new();
    let code = "
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
threads = [threading.Thread(target=lambda: print(threading.current_thread().name), name=f't{n}') for n in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(threading.current_thread().name, threading.active_count())
with ThreadPoolExecutor(max_workers=4) as pool:
    print(list(pool.map(lambda n: n * n, range(4))))
    futures = {pool.submit(divmod, 7, n): n for n in (0, 2)}
    for future in as_completed(futures):
        print(futures[future], repr(future.exception())[:17] if future.exception() else future.result())
own = threading.local()
own.x = 1
threading.Thread(target=lambda: print(hasattr(own, 'x'))).start()
";
    let printed = env.python(code).success();
    assert!(printed.starts_with("t0\nt1\nMainThread 1\n[0, 1, 4, 9]\n"), "{printed}");
    assert!(printed.contains("2 (3, 1)\n") && printed.contains("0 ZeroDivisionError\n"), "{printed}");
    assert!(printed.ends_with("False\n"), "{printed}");
}

#[test]
fn a_script_has_no_network_and_no_processes_and_is_told_so() {
    let env = TestEnv::new();
    for (import, said) in [
        (
            "import socket; socket.create_connection(('localhost', 80))",
            "OSError: [Errno 101] Network is unreachable: scripts",
        ),
        (
            "import urllib.request as r; r.urlopen('http://localhost/')",
            "URLError: <urlopen error [Errno 101] Network is",
        ),
        ("import subprocess", "No module named 'subprocess' in hallpass: scripts start no processes"),
        ("import sqlite3", "No module named 'sqlite3' in hallpass: there is no SQL here"),
        ("from rest_framework import serializers", "No module named 'rest_framework.serializers' in hallpass: of REST"),
    ] {
        let output = env.python(import);
        assert_eq!(output.code, 1, "{import}");
        assert!(output.stderr.contains(said), "{import}: {}", output.stderr);
    }
    let _ = env.python("import signal\nsignal.signal(signal.SIGTERM, lambda *a: None)").success();
    let logging = "
import logging.config, logging.handlers, sys
logging.config.dictConfig({'version': 1, 'formatters': {'f': {'format': '%(levelname)s %(message)s'}}, 'root': {
    'handlers': ['h'], 'level': 'INFO'}, 'handlers': {'h': {'class': 'logging.StreamHandler', 'formatter': 'f',
    'stream': sys.stdout}}})
logging.getLogger('x').info('set up')
";
    assert_eq!(env.python(logging).success(), "INFO set up\n");
}

#[test]
fn a_number_of_too_many_digits_is_not_shown() {
    let env = TestEnv::new();
    let output = env.python("print(len(repr(10 ** 4000)))\nrepr(10 ** 5000)");
    assert_eq!(output.stdout, "4001\n");
    assert!(output.stderr.contains("ValueError: Exceeds the limit (4300 digits) for integer string conversion; use"));
    let output = env.python("1 << 10 ** 12");
    assert!(output.stderr.ends_with("MemoryError\n"), "{}", output.stderr);
}
