"""The same durable work on SQLite (WAL, synchronous=FULL): WRITERS threads, each two rows a commit, for SECONDS."""

import os
import sqlite3
import sys
import tempfile
import threading
import time

writers, seconds = int(sys.argv[1]), float(sys.argv[2])
path = os.path.join(tempfile.mkdtemp(dir=sys.argv[3]), "peer.sqlite3")


def connect():
    connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


connect().execute("CREATE TABLE rows (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
done = [0] * writers
end = time.monotonic() + seconds


def work(writer):
    connection = connect()
    n = 0
    value = b"v" * 150
    while time.monotonic() < end:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", (b"t%d.%d" % (writer, n), value))
        connection.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", (b"i%d.%d" % (writer, n), b"12345678"))
        connection.execute("COMMIT")
        n += 1
    done[writer] = n


threads = [threading.Thread(target=work, args=(writer,)) for writer in range(writers)]
began = time.monotonic()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sum(done) / (time.monotonic() - began))
