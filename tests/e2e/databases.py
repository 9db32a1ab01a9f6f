# SPDX-License-Identifier: GPL-2.0-only
"""PostgreSQL on a port and in a directory of its own, and a web service that
calls it and redis.
"""

import glob
import os
import pwd
import re
import signal
import tempfile

from harness import Skip, free_port, need, wait_until
from services import need_module, wait_http
from spending import on_disk

OWNER = "postgres"  # it does not run as root

SETTINGS = ("listen_addresses=127.0.0.1", "fsync=on", "synchronous_commit=on",
            "track_wal_io_timing=on", "shared_buffers=32MB",
            "autovacuum=off", "logging_collector=off")


class Postgres:
    def __init__(self, test):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
        if not found:
            raise Skip("postgresql is not installed")
        need("pgbench", "setpriv")
        self.test = test
        self.port = free_port()
        self.programs = os.path.dirname(found[-1])
        home = tempfile.mkdtemp(prefix="postgres-", dir=on_disk(test))
        as_owner = []
        if os.geteuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(home, owner.pw_uid, owner.pw_gid)
            as_owner = ["setpriv", "--reuid", OWNER, "--regid", OWNER,
                        "--clear-groups", "--pdeathsig", "KILL"]
        data = os.path.join(home, "data")
        test.run([*as_owner, self.program("initdb"), "-D", data, "-A", "trust",
                  "-U", "bench", "--no-sync"], name="initdb")
        self.process = test.start(
            [*as_owner, self.program("postgres"), "-D", data, "-p", self.port,
             "-k", home, *(x for s in SETTINGS for x in ("-c", s))],
            name="postgres")
        self.pid = self.process.pid
        self.process.wait_output("ready to accept connections", 20, "stderr")

    def program(self, name):
        return os.path.join(self.programs, name)

    def to(self):
        return ("-h", "127.0.0.1", "-p", self.port, "-U", "bench")

    def bench(self, *args):
        """Transactions that pgbench has done."""
        out = self.test.run([self.program("pgbench"), *self.to(), *args,
                             "postgres"], name="pgbench").stdout()
        done = re.search(r"actually processed: (\d+)", out)
        return int(done.group(1)) if done else 0

    def ask(self, sql):
        """The one value that the query gives."""
        return self.test.run([self.program("psql"), *self.to(), "-Atqc", sql,
                              "postgres"], name="psql").stdout().strip()

    def quiet(self):
        """Until the processes of all its clients have ended."""
        wait_until("no client is left", lambda: self.ask(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend'") == "1", step=0.1)

    def end(self):
        self.process.signal(signal.SIGQUIT)
        self.process.wait()


CALLING_APP = """
import os
import flask
import psycopg2
import redis

app = flask.Flask(__name__)
cache = redis.Redis(host="127.0.0.1", port=int(os.environ["REDIS_PORT"]))
database = None

def cursor():
    global database
    if not database:
        database = psycopg2.connect(
            host="127.0.0.1", port=os.environ["DATABASE_PORT"], user="bench",
            dbname="postgres", sslmode="disable", gssencmode="disable")
        database.autocommit = True
    return database.cursor()

@app.route("/orders/<int:order>")
def orders(order):
    cache.get(f"order:{order}")
    with cursor() as c:
        c.execute("SELECT pg_sleep(0.005)")
        c.fetchall()
    cache.incr("orders")
    return "fine\\n"

@app.route("/none")
def none():
    return "none\\n"
"""


class Caller:
    """gunicorn with two workers; each request calls redis twice and the
    database once."""

    def __init__(self, test, redis, database):
        need("gunicorn")
        need_module(test, "flask", "redis", "psycopg2")
        self.port = free_port()
        with open(test.path("app.py"), "w") as f:
            f.write(CALLING_APP)
        self.process = test.start(
            ["gunicorn", "-w", "2", "-b", f"127.0.0.1:{self.port}",
             "app:app"], name="gunicorn",
            env={**os.environ, "REDIS_PORT": str(redis.port),
                 "DATABASE_PORT": str(database.port)})
        self.pid = self.process.pid
        wait_until("gunicorn workers", lambda: self.process.stderr().count(
            "Booting worker") == 2, 30, 0.1)
        wait_http(self.port, "/none")
        self.to = f"127.0.0.1:{self.port}"
