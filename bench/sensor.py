#!/usr/bin/env python3
"""bench/sensor.py [SECONDS]: what the sensor sees, how fast, and what a flood hides from it, on the release build.

A Docker daemon of its own, containers that flood and a container whose marker reads /etc/shadow. Falco's figures beside ours are those of
Falco 0.44.1 on a machine of this kind with the same programs (it is not run here). Run it alone: figures move with the load."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ.setdefault("PLIMSOLL", str(ROOT / "build" / "plimsoll"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from support import IMAGE, PLIMSOLL, Docker, run  # noqa: E402

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
MARKERS = 100
ABSENT = 2  # milliseconds too late at which a processor counts as away
READ = ("sh", "-c", "read line < /etc/shadow")
STORM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static double at(clockid_t clock) { struct timespec t; clock_gettime(clock, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static double now(void) { return at(CLOCK_MONOTONIC); }
/* storm PATH SECONDS: opens and closes one file without limit.  storm mark PATH COUNT MICROSECONDS: opens it now and then, prints each time.
   storm many FOLDER SECONDS: creates files of ever other names.
   storm absent CPU MILLISECONDS: only sleeps on that processor, 1 ms at a time, and prints from when to when it woke too late by so much. */
int main(int n, char **a) {
    if (!strcmp(a[1], "absent")) {
        cpu_set_t set; CPU_ZERO(&set); CPU_SET(atoi(a[2]), &set); sched_setaffinity(0, sizeof set, &set);
        for (double before = at(CLOCK_REALTIME), after;; before = after) {
            struct timespec t = {0, 1000000}; nanosleep(&t, 0);
            after = at(CLOCK_REALTIME);
            if (after - before > (1 + atof(a[3])) / 1e3) { printf("%.6f %.6f\n", before + .001, after); fflush(stdout); }
        }
    }
    if (!strcmp(a[1], "mark")) {
        for (int i = 0; i < atoi(a[3]); ++i) {
            if (fork() == 0) {  /* each act is a process of its own */
                struct timespec t; clock_gettime(CLOCK_REALTIME, &t);
                int f = open(a[2], O_RDONLY);
                printf("%ld.%09ld\n", t.tv_sec, t.tv_nsec); fflush(stdout);
                _exit(f < 0);
            }
            wait(0);
            usleep(atoi(a[4]));
        }
        return 0;
    }
    int many = !strcmp(a[1], "many");
    double end = now() + atof(a[many ? 3 : 2]); long count = 0; char name[256];
    do for (int i = 0; i < 1000; ++i, ++count) {
        if (many) { snprintf(name, sizeof name, "%s/%ld", a[2], count % 100000); }
        int f = many ? open(name, O_WRONLY | O_CREAT, 0600) : open(a[1], O_RDONLY);
        if (f >= 0) close(f);
    } while (now() < end);
    printf("%ld\n", count);
    return 0;
}
"""


class Agent:
    def __init__(self, engine, rules=(), more=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-bench-"))
        self.alerts = self.folder / "alerts"
        config = {"ledger": {"path": f"{self.folder}/ledger"}, "engines": [engine], "daemon_log": {"enabled": False}, "resources": {"every": "0s"},
                  "rules": {"files": list(map(str, rules))},
                  "alerts": {"sinks": [{"type": "file", "name": "file", "path": str(self.alerts), "fold_for": "0s"}]},
                  "agent": {"control_socket": f"{self.folder}/agent.sock", "state": str(self.folder)}} | (more or {})
        (self.folder / "plimsoll.yaml").write_text(json.dumps(config))
        self.started = time.time()
        self.process = subprocess.Popen([PLIMSOLL, "agent", "--config", str(self.folder / "plimsoll.yaml")],
                                        stdout=subprocess.DEVNULL, stderr=open(self.folder / "log", "wb"))

    def wait(self):
        while not (self.kernel() or {}).get("connected"):
            if self.process.poll() is not None:
                raise SystemExit("the agent did not start: " + (self.folder / "log").read_text()[-1000:])
            time.sleep(0.05)
        return self

    def kernel(self):
        asked = run(PLIMSOLL, "status", "--json", "--socket", self.folder / "agent.sock", check=False)
        sources = json.loads(asked.stdout)["sources"] if asked.stdout else []
        return next((source for source in sources if source["name"] == "kernel"), None)

    def count(self, condition):
        found = run(PLIMSOLL, "search", condition, "--ledger", self.folder / "ledger", "--json", check=False)
        return found.stdout.count(b"\n")

    def total(self, condition):
        """How often it happened, repetitions that were folded included."""
        found = run(PLIMSOLL, "search", condition, "--ledger", self.folder / "ledger", "--json", check=False)
        return sum(json.loads(line).get("evt.count", 1) for line in found.stdout.splitlines())

    def lost(self):
        found = run(PLIMSOLL, "search", "record.kind = loss and loss.what startswith kernel", "--ledger", self.folder / "ledger", "--json", check=False)
        return sum(json.loads(line).get("loss.count", 0) for line in found.stdout.decode().splitlines())

    def processor_seconds(self):
        """Of the threads that there are: to the nanosecond, where /proc/PID/stat counts in hundredths of a second."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def resident_mib(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self):
        self.process.terminate()
        self.process.wait()
        subprocess.run(["rm", "-rf", self.folder], check=False)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-bench-"))
    (folder / "storm.c").write_text(STORM)
    subprocess.run(["cc", "-O2", "-static", "-o", folder / "storm", folder / "storm.c"], check=True)
    (folder / "rule.yaml").write_text("- rule: marker\n  desc: the marker\n  condition: evt.type in (open, openat) and fd.name = /etc/shadow\n"
                                      "  output: marker (%proc.name)\n  priority: WARNING\n")
    engine = Docker()
    try:
        engine.make_image(changes=())
        for name in ("flood", "flood2", "mark"):
            engine.docker("run", "--detach", "--name", name, "--network", "none", "-v", f"{folder}:/bench:ro", "--tmpfs", "/many", IMAGE, "sleep", "3600")
        engine.docker("exec", "mark", "sh", "-c", "echo root:x:1 > /etc/shadow")

        def within(name, *command):
            return subprocess.Popen(["docker", "-H", engine.host, "exec", name, "/bench/storm", *map(str, command)], stdout=subprocess.PIPE, text=True)

        starts = []
        for _ in range(3):
            agent = Agent(engine.host, [folder / "rule.yaml"])
            while not (agent.alerts.exists() and agent.alerts.stat().st_size):
                engine.docker("exec", "mark", *READ)
            starts.append(time.time() - agent.started)
            agent.stop()
        print(f"start to first alert line: {sorted(starts)[1]:.2f} s (median of 3, with up to 0.1 s of docker exec; Falco 1.65 s)")

        agent = Agent(engine.host, [folder / "rule.yaml"]).wait()
        time.sleep(8)
        before = agent.processor_seconds()
        time.sleep(20)
        print(f"idle: {100 * (agent.processor_seconds() - before) / 20:.3f} % of a core, {agent.resident_mib():.1f} MiB resident (Falco 0.27 %, 60-76 MB)")

        def marker_lines():  # of this bench's own rule alone: others fire on the same file
            return [line for line in agent.alerts.read_text().splitlines() if '"rule":"marker"' in line] if agent.alerts.exists() else []

        def markers(label, gap=20_000):
            seen = len(marker_lines())
            fired = [float(line) for line in within("mark", "mark", "/etc/shadow", MARKERS, gap).communicate()[0].split()]
            deadline = time.time() + 15
            while len(lines := marker_lines()[seen:]) < MARKERS and time.time() < deadline:
                time.sleep(0.1)
            print(f"{label}: {len(lines)} of {len(fired)} markers detected")
            return fired

        # The line's own time of arrival is what counts: a reader follows the file while markers come.
        engine.docker("exec", "mark", *READ)
        while not marker_lines():
            time.sleep(0.1)
        follower = subprocess.Popen([sys.executable, "-c", FOLLOW, str(agent.alerts)], stdout=subprocess.PIPE, text=True)
        sleepers = [subprocess.Popen([folder / "storm", "absent", str(cpu), str(ABSENT)], stdout=subprocess.PIPE, text=True)
                    for cpu in sorted(os.sched_getaffinity(0))]
        time.sleep(0.1)
        fired = markers("idle")
        time.sleep(1)
        for process in (follower, *sleepers):
            process.terminate()
        arrived = [float(line) for line in follower.stdout.read().split()]
        absent = [tuple(map(float, line.split())) for sleeper in sleepers for line in sleeper.stdout]
        delays = {f: min((a - f for a in arrived if a >= f), default=9) for f in fired}
        apart = [delay for f, delay in delays.items() if not any(begin < f + delay and f < end for begin, end in absent)]
        print(f"act to alert line, idle: p50 {percentile(delays.values(), .5):.2f} ms, p99 {percentile(delays.values(), .99):.2f} ms (Falco 15 and 30 ms)")
        print(f"  a processor was away {len(absent)} times, up to {1000 * max((end - begin for begin, end in absent), default=0):.1f} ms, for who only sleeps too; "
              f"the {len(apart)} acts of other moments: p99 {percentile(apart, .99):.2f} ms")

        for label, floods in (("one flood", ["flood"]), ("two floods", ["flood", "flood2"])):
            lost = agent.lost()
            running = [within(name, "/etc/hostname", SECONDS) for name in floods]
            time.sleep(1)
            markers(f"unwanted opens without limit, {label}", 50_000)
            opens = sum(int(process.communicate()[0]) for process in running)
            time.sleep(2)
            print(f"  {opens / SECONDS:,.0f} opens/s, {agent.lost() - lost} events lost (Falco: 0-12 of 100 markers)")

        known = agent.kernel()
        flood = within("flood", "many", "/many", SECONDS)
        time.sleep(1)
        markers("wanted events without limit (new files)", 50_000)
        made = int(flood.communicate()[0])
        time.sleep(5)
        after = agent.kernel()
        recorded = agent.count("evt.type in (open, openat) and fd.name startswith /many/ and container.name = flood")
        print(f"  {made / SECONDS:,.0f} files/s; {recorded} recorded, {agent.lost()} told as lost, of {made}; {agent.resident_mib():.1f} MiB resident afterwards")
        print(f"  delivered {after['events'] - known['events']}, lost {after['lost'] - known['lost']}")
        agent.stop()

        (folder / "all.yaml").write_text("- rule: every file\n  desc: storm\n  condition: evt.type in (open, openat) and fd.name startswith /many/\n"
                                         "  output: new file %fd.name\n  priority: NOTICE\n")
        agent = Agent(engine.host, [folder / "all.yaml"]).wait()
        before = agent.processor_seconds()
        made = int(within("flood", "many", "/many", SECONDS).communicate()[0])
        time.sleep(3)
        alerts = agent.count('record.kind = alert and alert.rule = "every file"')
        print(f"alerts of ever other files, into the ledger and a file: {alerts / SECONDS:,.0f}/s of {made / SECONDS:,.0f} matching events/s, {agent.lost()} told as lost; "
              f"{1e6 * (agent.processor_seconds() - before) / max(alerts, 1):.1f} us of CPU each")
        agent.stop()
        agent = Agent(engine.host, [folder / "all.yaml"], {"alerts": {"sinks": []}}).wait()
        made = int(within("flood", "many", "/many", SECONDS).communicate()[0])
        time.sleep(3)
        alerts = agent.count('record.kind = alert and alert.rule = "every file"')
        print(f"the same into the ledger alone: {alerts / SECONDS:,.0f}/s of {made / SECONDS:,.0f} matching events/s, {agent.lost()} told as lost")
        lost = agent.lost()
        made = int(within("flood", "/many/0", SECONDS).communicate()[0])  # what the figures of Falco are of
        time.sleep(3)
        counted = agent.total("evt.type in (open, openat) and fd.name = /many/0 and proc.args startswith /many/0")
        print(f"one file that a rule wants, opened without limit: {made / SECONDS:,.0f} matching events/s, {100 * counted / made:.1f} % of them in the ledger "
              f"(its alert, then counts), {agent.lost() - lost} told as lost (Falco: 310,000/s, of which 12,000-17,000 became alerts and 94 % were lost)")
        agent.stop()
    finally:
        engine.stop()
        subprocess.run(["rm", "-rf", folder], check=False)


FOLLOW = """
import ctypes, os, sys, time
libc = ctypes.CDLL(None)
watch = libc.inotify_init()
libc.inotify_add_watch(watch, os.fsencode(sys.argv[1]), 2)  # IN_MODIFY
file = open(sys.argv[1], 'rb')
file.seek(0, 2)
while os.read(watch, 65536):
    now = time.time()
    for _ in range(file.read().count(b'\\n')): print(f'{now:.6f}', flush=True)
"""

if __name__ == "__main__":
    main()
