"""The shipped rules stay silent on what containers ordinarily do: web server, database, timed jobs, builds, health checks, deployments."""
import pathlib
import shutil
import tempfile
import time
import unittest

from support import IMAGE, Agent, Docker, main, need

PACK = sorted((pathlib.Path(__file__).parents[2] / "rules" / "runtime").glob("container-*.yaml"))

DATABASE = r"""
import os, sqlite3, socket, threading, time
path = '/data/shop.db'
def client(name):
    with socket.create_connection(('127.0.0.1', 5432)) as s:
        for i in range(50):
            s.sendall(f'{name} {i}\n'.encode()); s.recv(64)
def serve(connection, db, lock):
    while (line := connection.recv(256)):
        with lock, db: db.execute('insert into orders(text) values(?)', (line,))
        connection.sendall(b'ok\n')
db = sqlite3.connect(path, check_same_thread=False); lock = threading.Lock()
db.execute('pragma journal_mode=wal'); db.execute('create table if not exists orders(text)')
server = socket.create_server(('0.0.0.0', 5432))
os.setgid(999); os.setuid(999)
end = time.time() + SECONDS
while time.time() < end:
    threads = [threading.Thread(target=client, args=(n,)) for n in range(4)]
    for t in threads: t.start()
    for _ in threads:
        c, _ = server.accept(); threading.Thread(target=serve, args=(c, db, lock)).start()
    for t in threads: t.join()
    with lock: db.execute('pragma wal_checkpoint')
"""
SECONDS = 70  # the timed job comes at the full minute
TOOLS = ["-v", "/usr:/usr:ro", "-v", "/lib:/lib:ro", "-v", "/lib64:/lib64:ro"]


@need("docker", "dockerd", "busybox", "gcc")
class Quiet(unittest.TestCase):
    def test_no_alert_on_ordinary_work(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-quiet-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        docker = Docker()
        self.addCleanup(docker.stop)
        docker.make_image(changes=("USER 0:0", 'HEALTHCHECK --interval=2s CMD ["/bin/busybox", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"]'))
        agent = Agent(folder, "agent", [docker.host], "off", sensor=True)
        self.addCleanup(agent.stop)
        (folder / "database.py").write_text(DATABASE.replace("SECONDS", str(SECONDS - 10)))
        (folder / "main.c").write_text('#include <stdio.h>\nint main(void) { puts("built"); return 0; }\n')
        (folder / "context").mkdir()
        (folder / "context" / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN mkdir -p /app/static /usr/bin /srv && echo hello > /app/static/index.html\n"
                                                       "RUN echo web:x:1000:1000::/:/bin/sh >> /etc/passwd && chown -R 1000:1000 /app && cp /bin/busybox /usr/bin/busybox && /usr/bin/busybox ls\n"
                                                       "RUN rm -rf /tmp/* /var/log/* && ln -s /app /srv\nUSER 1000\nCMD [\"true\"]\n")
        folder.chmod(0o755)
        python = pathlib.Path("/usr/bin/python3").resolve()

        docker.docker("run", "-d", "--name", "quiet-web", "--restart", "on-failure", IMAGE, "sh", "-c",
                      "mkdir -p /www && echo hello > /www/index.html && exec httpd -f -p 8080 -h /www")
        docker.docker("run", "-d", "--name", "quiet-jobs", "--no-healthcheck", IMAGE, "sh", "-c",
                      "mkdir -p /var/spool/cron/crontabs /var/log && echo '* * * * * date >> /var/log/job.log; find /tmp -mtime +1 -delete; "
                      "gzip -c /var/log/job.log > /var/log/job.log.1.gz' > /var/spool/cron/crontabs/root && exec crond -f")
        if python.exists():
            docker.docker("run", "-d", "--name", "quiet-database", "--no-healthcheck", "-v", "quiet-data:/data", "-v", f"{folder}:/code:ro", *TOOLS, IMAGE, "sh", "-c",
                          f"chown 999:999 /data && exec {python} /code/database.py")
        started = time.monotonic()
        docker.docker("build", "-t", "quiet-built:1", str(folder / "context"))
        docker.docker("run", "--rm", "--name", "quiet-app", "--no-healthcheck", "quiet-built:1")
        docker.docker("run", "--rm", "--name", "quiet-build", "--no-healthcheck", "-v", f"{folder}:/code:ro", *TOOLS, IMAGE, "sh", "-c",
                      "mkdir /out && for i in 1 2 3; do /usr/bin/gcc -O1 -c /code/main.c -o /out/$i.o; done && ls -l /out")
        docker.docker("run", "--rm", "--name", "quiet-entry", "--no-healthcheck", "--init", "-e", "TOKEN=x", IMAGE, "sh", "-c",
                      "mkdir -p /srv /var/log && echo web:x:1000:1000::/:/bin/sh >> /etc/passwd && sed -i s/x/y/ /etc/group; echo $TOKEN | base64 > /srv/token; "
                      "echo $TOKEN | base64 -d > /srv/key; : > /var/log/error.log; mkfifo /srv/pipe; chown -R 1000:1000 /srv; chmod 755 /srv; cat /proc/self/environ > /srv/env")
        docker.docker("run", "--rm", "--name", "quiet-given", "--no-healthcheck", IMAGE, "sh", "-c", "chown -R 1000:1000 /bin && exec /bin/busybox true")
        for command in ("ls -l /", "ps", "env", "cat /etc/passwd", "sh -c 'df; free; uptime'", "kill -HUP 1"):
            docker.docker("exec", "quiet-jobs", "sh", "-c", command, check=False)
        for _ in range(5):
            docker.docker("exec", "quiet-web", "/bin/busybox", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/index.html")
        docker.docker("restart", "-t", "1", "quiet-web")
        time.sleep(max(0, SECONDS - (time.monotonic() - started)))
        self.assertTrue(agent.wait_for("evt.type = execve and container.name = quiet-jobs and proc.args contains job.log", seconds=70), "the timed job ran")
        self.assertTrue(agent.search("evt.type in (execve, execveat) and container.name = quiet-build"), "the sensor sees")
        # Other packs speak rightly here: of an image that was never seen, of who may start containers.
        rules = {line.removeprefix("- rule: ").strip() for file in PACK for line in file.read_text().splitlines() if line.startswith("- rule: ")}
        self.assertGreater(len(rules), 30)
        # The kernel tells of the containers of every engine of this machine; this test answers for its own.
        own = {event["container.full_id"] for event in agent.search("evt.source = docker and docker.type = container") if "container.full_id" in event}
        self.assertGreater(len(own), 8, "those of the build among them")
        alerts = [alert for alert in agent.search("record.kind = alert") if alert["alert.rule"] in rules and alert.get("container.full_id") in own]
        self.assertEqual([(alert["alert.rule"], alert["alert.output"]) for alert in alerts], [])
        docker.docker("exec", "quiet-web", "sh", "-c", "cat /etc/ld.so.preload; echo /x.so > /etc/ld.so.preload; rm /etc/ld.so.preload", check=False)
        self.assertTrue(agent.wait_for("record.kind = alert and alert.rule = 'Library forced into every program'"), "the pack is in force")


if __name__ == "__main__":
    main()
