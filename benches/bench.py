"""The measurements of benches/run: paired, alternating, ratios first. Standard library only."""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

import endpoint
from common import PROGRAMS, django, environment, figure, fixture, fresh, measured, ours, prepared, run, stop


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
names = iter("xyz")
timed("update-all", lambda: User.objects.update(first_name=next(names)))
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


ALL = {
    "start": start,
    "key": key,
    "requests": endpoint.requests,
    "churn": endpoint.churn,
    "passwords": endpoint.passwords,
    "rotation": endpoint.rotation,
    "script": script,
    "queries": queries,
    "moving": moving,
}
# Only where it is asked for by name.
LONG = {"soak": endpoint.soak}

if __name__ == "__main__":
    for chosen in sys.argv[1:] or ALL:
        if chosen not in ALL | LONG:
            sys.exit(f"no benchmark named {chosen}; there are: {', '.join(ALL | LONG)}")
        (ALL | LONG)[chosen]()
