"""What the measurements share: the places, the two sides, the lines that a script can read."""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PLACE = pathlib.Path(os.environ["BENCH_PLACE"])
PROGRAMS = pathlib.Path(os.environ["BENCH_PROGRAMS"])
PYTHON = PLACE / "venv" / "bin" / "python"
PROJECT = HERE.parent / "tests" / "parity" / "reference"


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
