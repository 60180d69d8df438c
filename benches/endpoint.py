"""The endpoint under load: beside gunicorn, beside nginx, while tokens come and go, for a long time."""

import os
import pathlib
import random
import re
import socket
import statistics
import subprocess
import sys
import threading
import time

from common import PROGRAMS, PYTHON, environment, figure, fixture, free_port, fresh, measured, ours, prepared, run, serve, stop

TOKENS = int(os.environ.get("BENCH_TOKENS", "100000"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
MINUTES = float(os.environ.get("BENCH_MINUTES", "30"))

# Requests are made before the load begins, in an order of their own.
SCRIPT = """
local asked, n = {}, 0
function init()
  for line in io.lines("%(file)s") do
    local method, path, value = line:match("^(%%S+) (%%S+) ?(.*)$")
    if value == "" then value = nil end
    asked[#asked + 1] = wrk.format(method, path, {["Authorization"] = value, ["Content-Length"] = "0"})
  end
end
function request() n = n %% #asked + 1 return asked[n] end
function done(summary, latency)
  io.write(string.format("figures %%f %%f %%d %%d\\n", summary.requests / summary.duration * 1e6,
    latency:percentile(99) / 1000, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


def requests_of(work, name, lines):
    """A load: its requests, as `METHOD PATH [AUTHORIZATION]`."""
    (work / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
    path = work / f"{name}.lua"
    path.write_text(SCRIPT % {"file": work / f"{name}.txt"})
    return path


def loads(work, keys):
    """Everything a client may come with, the keys sampled over all."""
    keys = random.Random(2).sample(keys, len(keys))
    post = [f"POST /api/ Token {key}" for key in keys]
    return {
        "ours": requests_of(work, "ours", post),
        "healthz": requests_of(work, "healthz", [line.replace("POST /api/", "GET /healthz") for line in post]),
        "forward": requests_of(work, "forward", [line.replace("POST /api/", "GET /auth") for line in post]),
        "rejected": requests_of(work, "rejected", [f"POST /api/ Token {key[::-1]}" for key in keys]),
        "spaces": requests_of(work, "spaces", [f"{line} x" for line in post]),
        "empty": requests_of(work, "empty", ["POST /api/ Token"]),
        "foreign": requests_of(work, "foreign", [line.replace("Token", "Bearer") for line in post]),
        "long": requests_of(work, "long", [f"POST /api/ Token {'x' * 4000}"]),
        "none": requests_of(work, "none", ["POST /api/"]),
    }


def wrk(port, connections, script, seconds=SECONDS):
    """Requests in a second, the 99th percentile in milliseconds, answers of 400 and above, connections that broke."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    out = run(command, dict(os.environ, HOME=str(script.parent)))
    rate, p99, refused, broken = re.search(r"figures (\S+) (\S+) (\d+) (\d+)", out).groups()
    return float(rate), float(p99), int(refused), int(broken)


def nginx(work, keys):
    """nginx, answering from a map of the same values: what a server can do that looks nothing up."""
    port = free_port()
    listed = "".join(f'"Token {key}" 1;\n' for key in keys)
    (work / "nginx.conf").write_text(
        f"daemon off; worker_processes 2; pid {work}/nginx.pid; error_log {work}/nginx.log;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; keepalive_requests 1000000000; map_hash_max_size 524288; map_hash_bucket_size 128;\n"
        f"map $http_authorization $known {{ default 0;\n{listed}}}\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ if ($known = 0) {{ return 401; }} return 200; }} }} }}\n"
    )
    return serve(["nginx", "-c", str(work / "nginx.conf")], dict(os.environ, HOME=str(work)), port), port


def hallpassd(env, *more):
    """The server, as its unit for systemd starts it."""
    port = free_port()
    command = [str(PROGRAMS / "hallpassd"), "--listen", f"127.0.0.1:{port}", *more]
    return serve(command, dict(env, MALLOC_ARENA_MAX="1"), port), port


def resident(process):
    """Megabytes."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def requests():
    """Every kind of request in turn, on our server, on nginx and on gunicorn."""
    work, env, keys = prepared("requests", TOKENS)
    load = loads(work, keys)
    mine, port = hallpassd(env)
    map_, map_port = nginx(work, keys)
    their_port = free_port()
    gunicorn = [str(PYTHON), "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{their_port}", "--log-level", "critical"]
    theirs = serve([*gunicorn, "reference_project.wsgi"], env, their_port)
    try:
        for connections in (16, 64):
            rates, slow = {}, {}
            for _ in range(ROUNDS):
                sides = [(name, port, script) for name, script in load.items()]
                for name, at, script in [*sides, ("nginx", map_port, load["ours"])]:
                    rate, p99, refused, broken = wrk(at, connections, script)
                    if broken or (refused and name in ("ours", "nginx", "healthz", "forward")):
                        sys.exit(f"{name}: {refused} refused, {broken} broken")
                    rates.setdefault(name, []).append(rate)
                    slow.setdefault(name, []).append(p99)
            rates = {name: statistics.median(of) for name, of in rates.items()}
            p99 = statistics.median(slow["ours"])
            their_rate, their_p99, _, _ = wrk(their_port, connections, load["ours"])
            figure(
                "requests",
                connections=connections,
                ratio=rates["ours"] / their_rate,
                p99_ratio=their_p99 / p99,
                ours_per_s=rates["ours"],
                gunicorn_per_s=their_rate,
                ours_p99_ms=p99,
                gunicorn_p99_ms=their_p99,
            )
            for name in ("nginx", "healthz"):
                ratio = rates["ours"] / rates[name]
                figure(f"requests-{name}", connections=connections, ratio=ratio, per_s=rates[name])
            for name in [name for name in load if name not in ("ours", "healthz")]:
                ratio = rates[name] / rates["ours"]
                figure(f"requests-{name}", connections=connections, ratio=ratio, per_s=rates[name])
        figure("requests-memory", tokens=TOKENS, ours_mb=resident(mine))
    finally:
        for process in (mine, map_, theirs):
            stop(process)
    copy = work / "hallpassd"
    run(["strip", "-o", str(copy), str(PROGRAMS / "hallpassd")], dict(os.environ, HOME=str(work)))
    figure("size", stripped_mb=copy.stat().st_size / 1024 / 1024)


CHURN = """
import io, time
from django.core.management import call_command
users = list(User.objects.order_by("pk")[:20000])
begun, n = time.time(), 0
while time.time() - begun < %(seconds)d:
    some = [users[(n + m) %% len(users)] for m in range(%(block)d)]
    name = "churn-%%s-%%d" %% (begun, n)
    tokens = [Token(user=user, name=name, key=Token.generate_key()) for user in some]
    keys = [token.key for token in Token.objects.bulk_create(tokens)]
    named = ["%%s/%%s" %% (user.username, name) for user in some]
    call_command("revoke", *named, "--yes", stdout=io.StringIO(), stderr=io.StringIO())
    print("\\n".join(keys), flush=True)
    n += len(some)
    ahead = n / 1000 - (time.time() - begun)
    if ahead > 0:
        time.sleep(ahead)
"""
# How many tokens the shell makes with one statement and revokes with one command.
BLOCK = 100


class Churn:
    """A shell that makes and revokes a thousand tokens a second, and a client that tries each key once it is revoked."""

    def __init__(self, env, port, seconds):
        code = CHURN % {"seconds": seconds, "block": BLOCK}
        command = ours("shell", "-v", "0", "-c", code)
        self.shell = subprocess.Popen(command, env=env, cwd=env["HOME"], stdout=subprocess.PIPE, text=True)
        self.port, self.revoked, self.late = port, 0, 0
        self.thread = threading.Thread(target=self.follow)
        self.thread.start()

    def follow(self):
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            while keys := [self.shell.stdout.readline().strip() for _ in range(BLOCK)]:
                if not keys[0]:
                    return
                request = "GET /auth HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token %s\r\n\r\n"
                line.sendall("".join(request % key for key in keys).encode())
                answers = b""
                while answers.count(b"HTTP/1.1 ") < len(keys):
                    answers += line.recv(65536)
                self.revoked += len(keys)
                self.late += len(keys) - answers.count(b"HTTP/1.1 401")

    def end(self):
        self.thread.join()
        if self.shell.wait():
            sys.exit("the shell failed")


def churn():
    """The rate while a shell makes and revokes tokens, beside the rate before and after."""
    work, env, keys = prepared("churn", TOKENS)
    load = loads(work, keys)["ours"]
    mine, port = hallpassd(env)
    try:
        for connections in (16, 64):
            quiet, busy, revoked, late = [], [], 0, 0
            for _ in range(ROUNDS):
                quiet.append(wrk(port, connections, load)[0])
                shell = Churn(env, port, SECONDS + 3)
                while not shell.revoked:
                    time.sleep(0.01)
                busy.append(wrk(port, connections, load)[0])
                shell.end()
                quiet.append(wrk(port, connections, load)[0])
                revoked, late = revoked + shell.revoked, late + shell.late
            quiet, busy = statistics.median(quiet), statistics.median(busy)
            per_s = revoked / ROUNDS / (SECONDS + 3)
            figure("churn", connections=connections, ratio=busy / quiet, per_s=quiet, revoked_per_s=per_s, late=late)
            if late:
                sys.exit("a revoked key was let in")
    finally:
        stop(mine)


def rotation():
    """Requests while the keyring is rotated by another process, beside those before and after; and how long it takes."""
    work = fresh("rotation")
    env = environment(work)
    path, keys = fixture(work, TOKENS)
    run(ours("loaddata", "-v", "0", str(path)), env)
    load = loads(work, keys)["ours"]
    mine, port = hallpassd(env)
    slices = {"before": [], "beside": [], "after": []}

    def measure(name):
        rate, _, refused, broken = wrk(port, 16, load, seconds=2)
        if refused or broken:
            sys.exit(f"{name}: {refused} refused, {broken} broken")
        return rate

    try:
        # What is remembered of tokens is filled first.
        for _ in range(3):
            measure("warm")
        slices["before"] = [measure("before") for _ in range(4)]
        began = time.perf_counter()
        rotating = subprocess.Popen(ours("keyring", "rotate"), env=env, cwd=work, stderr=subprocess.PIPE, text=True)
        ended = []
        waiting = threading.Thread(target=lambda: ended.append((rotating.wait(), time.perf_counter())))
        waiting.start()
        while not ended:
            rate = measure("beside")
            # A slice that the rotation did not fill says little.
            if not ended or not slices["beside"]:
                slices["beside"].append(rate)
        waiting.join()
        seconds = ended[0][1] - began
        if rotating.returncode != 0:
            sys.exit(f"keyring rotate failed: {rotating.stderr.read()}")
        slices["after"] = [measure("after") for _ in range(4)]
    finally:
        stop(mine)
    undisturbed = statistics.mean(slices["before"] + slices["after"])
    beside = statistics.mean(slices["beside"])
    # Alone, on a machine with nothing else to do.
    idle, _ = measured(ours("keyring", "rotate"), env)
    figure(
        "rotation",
        tokens=TOKENS,
        ratio=beside / undisturbed,
        seconds=seconds,
        idle_seconds=idle,
        beside_per_s=beside,
        undisturbed_per_s=undisturbed,
        worst=min(slices["beside"]) / undisturbed,
    )


def passwords():
    """The token path while password checks are saturated, beside itself undisturbed."""
    work, env, keys = prepared("passwords", min(TOKENS, 1000))
    load = loads(work, keys)["ours"]
    (work / "c.toml").write_text("[throttle]\nenabled = false\n")
    mine, port = hallpassd(env, "--config", str(work / "c.toml"))
    body = "username=nobody&password=wrong"
    login = "POST /api-token-auth/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    login = f"{login}Content-Length: {len(body)}\r\n\r\n{body}".encode()
    over = threading.Event()

    def saturate():
        with socket.create_connection(("127.0.0.1", port)) as line:
            while not over.is_set():
                line.sendall(login)
                line.recv(65536)

    try:
        before = wrk(port, 16, load)
        clients = [threading.Thread(target=saturate) for _ in range(8)]
        for client in clients:
            client.start()
        busy = wrk(port, 16, load)
        over.set()
        for client in clients:
            client.join()
        figure("passwords", ratio=busy[0] / before[0], p99_ms=busy[1], undisturbed_p99_ms=before[1])
    finally:
        stop(mine)


def at_rest(process):
    """How many descriptors it has when nobody is connected: the least of two seconds."""
    counts = []
    for _ in range(20):
        counts.append(descriptors(process))
        time.sleep(0.1)
    return min(counts)


def soak():
    """Everything at once for BENCH_MINUTES: memory flat, no error, no descriptor left behind."""
    work, env, keys = prepared("soak", TOKENS)
    load = loads(work, keys)
    mine, port = hallpassd(env)
    samples, errors = [], 0

    def everything(connections):
        nonlocal errors
        for name, script in load.items():
            shell = Churn(env, port, 3) if name in ("ours", "rejected") else None
            _, _, refused, broken = wrk(port, connections, script, 5)
            errors += broken + (refused if name in ("ours", "healthz", "forward") else 0)
            if shell:
                shell.end()
                errors += shell.late
            samples.append(resident(mine))
        # As a job of every night does: the store would grow otherwise, and with it sled's table of its pages.
        run(ours("purge", "--older-than", "1s", "--yes"), env)

    try:
        # All that is opened once and all that is remembered is there after a first round.
        everything(64)
        samples.clear()
        before, deadline, rounds = at_rest(mine), time.monotonic() + MINUTES * 60, 0
        while time.monotonic() < deadline:
            everything(64 if rounds % 2 else 16)
            rounds += 1
        quarter = max(1, len(samples) // 4)
        early, late = (statistics.median(part) for part in (samples[quarter : 2 * quarter], samples[-quarter:]))
        leaked = max(0, at_rest(mine) - before)
        figure("soak", minutes=MINUTES, growth=late / early, early_mb=early, late_mb=late, errors=errors, leaked=leaked)
        if errors or leaked or late > early * 1.1:
            sys.exit("it is not as it was at the beginning")
    finally:
        stop(mine)
