"""The measurements of benches/run: paired, alternating, ratios first. Standard library only."""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PLACE = pathlib.Path(os.environ["BENCH_PLACE"])
PROGRAMS = pathlib.Path(os.environ["BENCH_PROGRAMS"])
PYTHON = PLACE / "venv" / "bin" / "python"
PROJECT = HERE.parent / "tests" / "parity" / "reference"
TOKENS = int(os.environ.get("BENCH_TOKENS", "1000"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "8"))


def environment(work):
    """The same bare environment for both sides, each with its own place below `work`."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(work),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "HALLPASS_STORE": str(work / "store"),
        "HALLPASS_KEYRING": str(work / "keyring"),
        "PYTHONPATH": str(PROJECT),
        "DJANGO_SETTINGS_MODULE": "reference_project.settings",
        "REFERENCE_DATABASE": str(work / "db.sqlite3"),
        "REFERENCE_DEBUG": "0",
    }


def fresh(name):
    """An empty folder."""
    work = PLACE / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    return work


def ours(*args):
    return [str(PROGRAMS / "hallpass"), *args]


def django(*args):
    return [str(PYTHON), str(PROJECT / "manage.py"), *args]


def run(command, env, stdin=None):
    """Runs to the end; fails loudly."""
    done = subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, cwd=env["HOME"])
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)[:200]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def timed(command, env):
    began = time.perf_counter()
    run(command, env)
    return (time.perf_counter() - began) * 1000


def measured(command, env, stdin=None):
    """Seconds and greatest resident megabytes of one process that must succeed."""
    with open(stdin or os.devnull, "rb") as source, open(PLACE / "output", "w+b") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=env, cwd=env["HOME"], stdin=source, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            sys.exit(f"{' '.join(command)[:200]} failed:\n{output.read()[-2000:].decode(errors='replace')}")
    return seconds, usage.ru_maxrss / 1024


def figure(name, /, **values):
    """One line that a script can read."""
    shown = " ".join(f"{key}={value:.2f}" if isinstance(value, float) else f"{key}={value}" for key, value in values.items())
    print(f"bench {name}: {shown}", flush=True)


def fixture(work, count):
    """Users with a token each, as a Django fixture; no password, nobody logs in here."""
    draw = random.Random(1)
    objects = []
    for n in range(1, count + 1):
        when = "2024-01-01T00:00:00Z"
        fields = {"username": f"user{n}", "password": "!", "email": f"user{n}@example.com", "date_joined": when}
        objects.append({"model": "auth.user", "pk": n, "fields": fields})
    keys = [f"{draw.getrandbits(160):040x}" for _ in range(count)]
    for n, key in enumerate(keys, 1):
        objects.append({"model": "authtoken.token", "pk": key, "fields": {"user": n, "created": "2024-01-01T00:00:00Z"}})
    path = work / "fixture.json"
    path.write_text(json.dumps(objects))
    return path, keys


def prepared(name, count):
    """Both sides with the same users and tokens."""
    work = fresh(name)
    env = environment(work)
    path, keys = fixture(work, count)
    run(django("migrate", "-v", "0"), env)
    run(django("loaddata", "-v", "0", str(path)), env)
    run(ours("loaddata", "-v", "0", str(path)), env)
    return work, env, keys


def start():
    """The whole process: median of 30 on each side, in turn."""
    _, env, _ = prepared("start", 10)
    for name, code in (("start", "pass"), ("start-read", "User.objects.count()"), ("start-traceback", "1/0")):
        mine, theirs = [], []
        for _ in range(int(os.environ.get("BENCH_STARTS", "30"))):
            for times, command in ((mine, ours("shell", "-c", code)), (theirs, django("shell", "-c", code))):
                began = time.perf_counter()
                subprocess.run(command, env=env, cwd=env["HOME"], capture_output=True, check=False)
                times.append((time.perf_counter() - began) * 1000)
        mine, theirs = statistics.median(mine), statistics.median(theirs)
        figure(name, ratio=theirs / mine, ours_ms=mine, django_ms=theirs)
    resident = re.search(r"VmHWM:\s+(\d+)", run(ours("shell", "-v", "0", "-c", "print(open('/proc/self/status').read())"), env))
    if resident:
        figure("start-memory", ours_mb=int(resident.group(1)) / 1024)


def wait_for(port):
    """Returns when somebody accepts connections there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nobody listens on {port}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(command, env, port):
    process = subprocess.Popen(command, env=env, cwd=env["HOME"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(port)
    return process


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def wrk(port, connections, keys, work, path="/api/", method="POST"):
    """Requests in a second and the 99th percentile in milliseconds; any answer but 200 ends the benchmark."""
    script = work / "wrk.lua"
    listed = ",".join(f'"{key}"' for key in random.Random(2).sample(keys, min(len(keys), 20000)))
    script.write_text(
        f"local keys = {{{listed}}}\nlocal n = 0\n"
        "function request()\n  n = n % #keys + 1\n"
        f"  return wrk.format('{method}', '{path}', {{['Authorization'] = 'Token ' .. keys[n], ['Content-Length'] = '0'}})\nend\n"
        "function done(summary, latency)\n"
        "  io.write(string.format('figures %f %f %d\\n', summary.requests / summary.duration * 1e6,\n"
        "    latency:percentile(99) / 1000, summary.errors.status))\nend\n"
    )
    out = run(
        ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", str(script), f"http://127.0.0.1:{port}"],
        dict(os.environ, HOME=str(work)),
    )
    rate, p99, errors = re.search(r"figures (\S+) (\S+) (\d+)", out).groups()
    if int(errors):
        sys.exit(f"{errors} answers were refusals:\n{out}")
    return float(rate), float(p99)


def requests():
    """An authenticated POST, on both servers in turn."""
    work, env, keys = prepared("requests", TOKENS)
    mine_port, their_port = free_port(), free_port()
    mine = serve([str(PROGRAMS / "hallpassd"), "--listen", f"127.0.0.1:{mine_port}"], env, mine_port)
    gunicorn = [str(PYTHON), "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{their_port}", "--log-level", "critical"]
    theirs = serve([*gunicorn, "reference_project.wsgi"], env, their_port)
    try:
        for connections in (16, 64):
            our_rate, our_p99 = wrk(mine_port, connections, keys, work)
            their_rate, their_p99 = wrk(their_port, connections, keys, work)
            figure(
                "requests",
                connections=connections,
                ratio=our_rate / their_rate,
                ours_per_s=our_rate,
                gunicorn_per_s=their_rate,
                ours_p99_ms=our_p99,
                gunicorn_p99_ms=their_p99,
            )
        resident = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{mine.pid}/status").read_text())
        figure("requests-memory", tokens=TOKENS, ours_mb=int(resident.group(1)) / 1024)
    finally:
        stop(mine)
        stop(theirs)


# What an admin asks of 100,000 users; each line is timed on its own, the best of three rounds.
QUERIES = """
import time
from django.db.models import Count
key = Token.objects.get(user_id=777).key
def timed(name, work):
    best = None
    for _ in range(3):
        began = time.perf_counter()
        work()
        spent = time.perf_counter() - began
        best = spent if best is None or spent < best else best
    print(name, best)
timed("get-username", lambda: [User.objects.get(username="user%d" % n) for n in range(500, 600)])
timed("get-pk", lambda: [User.objects.get(pk=n) for n in range(500, 600)])
timed("get-key", lambda: [Token.objects.get(key=key) for n in range(100)])
timed("filter-email-icontains", lambda: len(User.objects.filter(email__icontains="R99@EX")))
timed("filter-group-name", lambda: len(User.objects.filter(groups__name="editors")))
timed("order-by-date-joined", lambda: list(User.objects.order_by("-date_joined")[:20]))
timed("count", lambda: User.objects.count())
timed("annotate-count", lambda: list(User.objects.annotate(n=Count("groups")).order_by("-n")[:20]))
timed("exists", lambda: [User.objects.filter(username="user%d" % n).exists() for n in range(100)])
timed("values-list", lambda: len(list(User.objects.values_list("username", flat=True))))
timed("update-all", lambda: User.objects.update(first_name="x"))
rounds = iter("abc")
def bulk():
    mark = next(rounds)
    User.objects.bulk_create([User(username="bulk%s%d" % (mark, n)) for n in range(10000)])
timed("bulk-create", bulk)
"""


def queries():
    """Look-ups and changes over 100,000 users (BENCH_USERS), every line beside Django's."""
    work, env, _ = prepared("queries", int(os.environ.get("BENCH_USERS", "100000")))
    setup = "g = Group.objects.create(name='editors'); g.user_set.add(*User.objects.filter(pk__lte=1000))"
    script = work / "queries.py"
    script.write_text(QUERIES)
    answers = []
    for side in (ours, django):
        run(side("shell", "-v", "0", "-c", setup), env)
        out = run(side("shell", "-v", "0"), env, stdin=QUERIES)
        answers.append(dict(line.split() for line in out.splitlines()))
    for name, spent in answers[0].items():
        mine, theirs = float(spent) * 1000, float(answers[1][name]) * 1000
        figure("query", name=name, ratio=theirs / mine, ours_ms=mine, django_ms=theirs)


def moving():
    """loaddata and dumpdata of 100,000 users with tokens (BENCH_USERS)."""
    work = fresh("moving")
    env = environment(work)
    path, _ = fixture(work, int(os.environ.get("BENCH_USERS", "100000")))
    run(django("migrate", "-v", "0"), env)
    for name, args in (("loaddata", ("loaddata", str(path))), ("dumpdata", ("dumpdata", "auth", "authtoken"))):
        mine, memory = measured(ours(*args), env)
        theirs, _ = measured(django(*args), env)
        figure(name, ratio=theirs / mine, ours_s=mine, django_s=theirs, ours_mb=memory)


def script():
    """10,000 statements on a pipe, each of which makes a token; everything on disk at the end."""
    work = fresh("script")
    env = environment(work)
    users = "User.objects.bulk_create([User(username='user%d' % n) for n in range(1, 10001)])"
    lines = "".join(f"Token.objects.create(user_id={n})\n" for n in range(1, 10001))
    (work / "script.py").write_text(lines)
    run(django("migrate", "-v", "0"), env)
    spent = []
    for side in (ours, django):
        run(side("shell", "-v", "0", "-c", users), env)
        spent.append(measured(side("shell", "-v", "0"), env, stdin=work / "script.py")[0])
    figure("script", ratio=spent[1] / spent[0], ours_s=spent[0], django_s=spent[1])


def key():
    """`hallpass key alice`, the whole process: beside a running hallpassd, and alone (that and sled's open)."""
    work = fresh("key")
    env = environment(work)
    code = "Token.objects.create(user=User.objects.create_user('alice'))"
    run(ours("shell", "-v", "0", "-c", code), env)
    if not shutil.which("hyperfine"):
        sys.exit("hyperfine is missing: apt-get install hyperfine")

    def timed(what):
        report = work / "report.json"
        command = ["hyperfine", "-N", "--warmup", "20", "--runs", "300", "--export-json", str(report), " ".join(what)]
        run(command, env)
        times = sorted(json.loads(report.read_text())["results"][0]["times"])
        return times[len(times) // 2] * 1000, times[len(times) * 95 // 100] * 1000

    alone, alone_p95 = timed(ours("key", "alice"))
    nothing, _ = timed(ours("version"))
    server = subprocess.Popen([str(PROGRAMS / "hallpassd"), "--listen", "127.0.0.1:0"], env=env, stderr=subprocess.PIPE)
    try:
        server.stderr.readline()
        beside, beside_p95 = timed(ours("key", "alice"))
    finally:
        stop(server)
    figure(
        "key",
        beside_ms=beside,
        beside_p95_ms=beside_p95,
        alone_ms=alone,
        alone_p95_ms=alone_p95,
        process_ms=nothing,
    )


ALL = {"start": start, "key": key, "requests": requests, "script": script, "queries": queries, "moving": moving}

if __name__ == "__main__":
    for chosen in sys.argv[1:] or ALL:
        if chosen not in ALL:
            sys.exit(f"no benchmark named {chosen}; there are: {', '.join(ALL)}")
        ALL[chosen]()
