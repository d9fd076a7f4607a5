#!/usr/bin/env python3
"""How fast audit events are taken, what is lost, and how much the audited program is slowed, beside auditd RAW in the same run.

    sudo bench/audit_live.py PATH_OF_audit_live [ROUNDS]

Two storms: one file opened as fast as it can be (openat, 6 messages of the kernel for each), and a small static program started and waited for
(execve, 8 messages). Each round has every consumer once, in an order of chance:

    auditd RAW          the peer
    bound               does nothing but recvmmsg() as the audit daemon: faster than this no consumer can be on this machine
    plimsoll daemon     audit.mode: daemon: decodes, attributes, masks
    plimsoll multicast  audit.mode: multicast, beside `bound` as the daemon (without a daemon the kernel prints every record)
    no rule             nothing is recorded

Medians over the rounds, and ratios to the peer. Before that, what the stages of taking an event cost, replayed from the samples in
../shared/data/audit: reading, attributing and decoding, then building and copying the recorder's event. The machine's audit state is put back."""
import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

DATA = pathlib.Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "audit"
STORM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static double cpu(int who) {
    struct rusage u; getrusage(who, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
int main(int n, char **a) {
    long count = atol(a[3]); struct timespec s, e; char *words[] = {a[2], NULL}, *none[] = {NULL};
    (void)n;
    clock_gettime(CLOCK_MONOTONIC, &s);
    for (long i = 0; i < count; ++i) {
        if (strcmp(a[1], "openat") == 0) { int f = openat(AT_FDCWD, a[2], O_RDONLY); if (f >= 0) close(f); }
        else { pid_t child; int status; if (posix_spawn(&child, a[2], NULL, NULL, words, none) != 0) return 1; waitpid(child, &status, 0); }
    }
    clock_gettime(CLOCK_MONOTONIC, &e);
    printf("%.4f %.4f\n", e.tv_sec - s.tv_sec + (e.tv_nsec - s.tv_nsec) / 1e9, cpu(RUSAGE_SELF) + cpu(RUSAGE_CHILDREN));
}
"""
NOTHING = "int main(void) { return 0; }\n"
COUNTS = {"openat": 100_000, "execve": 2_000}
KINDS = ("auditd RAW", "bound", "plimsoll daemon", "plimsoll multicast", "no rule")
BACKLOG = 8192


def auditctl(*words):
    return subprocess.run(["auditctl", *map(str, words)], check=True, capture_output=True, text=True).stdout


def status():
    return {line.split()[0]: line.split()[1] for line in auditctl("-s").splitlines() if len(line.split()) > 1}


def wait_until(true):
    for _ in range(400):
        if true():
            return
        time.sleep(0.05)
    raise SystemExit("the consumer did not register")


def processor_seconds(pid):
    """By the scheduler's own account, of all threads, in nanoseconds exact; a tick is too long for short storms."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def kauditd_pid():
    return next(int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and comm(p) == "kauditd")


def comm(path):
    try:
        return (path / "comm").read_text().strip()
    except OSError:
        return ""


class Bench:
    def __init__(self, program):
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-bench-"))
        self.targets = {"openat": self.folder / "probe", "execve": self.folder / "nothing"}
        self.targets["openat"].write_text("x")
        for name, text in (("storm", STORM), ("nothing", NOTHING)):
            (self.folder / f"{name}.c").write_text(text)
            subprocess.run(["cc", "-O2", "-static", "-o", self.folder / name, self.folder / f"{name}.c"], check=True)
        (self.folder / "auditd").mkdir(mode=0o750)
        (self.folder / "auditd" / "auditd.conf").write_text(
            f"local_events = yes\nwrite_logs = yes\nlog_file = {self.folder}/audit.log\nlog_format = RAW\nflush = INCREMENTAL_ASYNC\nfreq = 50\n"
            "max_log_file = 4000\nmax_log_file_action = IGNORE\nspace_left = 75\nspace_left_action = SYSLOG\nadmin_space_left = 50\n"
            "admin_space_left_action = SUSPEND\ndisk_full_action = SUSPEND\ndisk_error_action = SUSPEND\npriority_boost = 4\n")
        (self.folder / "auditd" / "audit-stop.rules").write_text("")
        self.rules = {call: ["always,exit", "-F", "arch=b64", "-S", call, "-F", f"path={target}", "-k", "plimsoll-bench"]
                      for call, target in self.targets.items()}
        self.kernel = kauditd_pid()
        self.results = {}

    def storm(self, call):
        words = subprocess.run([self.folder / "storm", call, self.targets[call], str(COUNTS[call])], check=True, capture_output=True,
                               text=True).stdout.split()
        return float(words[0]), float(words[1])

    def start(self, *words):
        process = subprocess.Popen([self.program, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        return process

    def consumers(self, kind):
        """The one that is measured, and whoever else runs beside it."""
        if kind == "no rule":
            return None, []
        if kind == "auditd RAW":
            one = subprocess.Popen(["auditd", "-n", "-c", str(self.folder / "auditd"), "-s", "nochange"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
            daemon = one
            beside = []
        elif kind == "plimsoll multicast":
            daemon = self.start("drain", "0")
            beside = [daemon]
            wait_until(lambda: status()["pid"] == str(daemon.pid))
            return self.start("listen", "0"), beside
        else:
            one = daemon = self.start("drain" if kind == "bound" else "daemon", "0")
            beside = []
        wait_until(lambda: status()["pid"] == str(daemon.pid))
        return one, beside

    @staticmethod
    def wait_idle(pid):
        """Until it has no more work than looking around now and then."""
        for _ in range(120):
            used = processor_seconds(pid)
            time.sleep(0.25)
            if processor_seconds(pid) - used < 0.005 and int(status()["backlog"]) == 0:
                return
        raise SystemExit("the consumer did not take all records")

    def round(self, kind):
        lost = int(status()["lost"])
        if kind != "no rule":
            for rule in self.rules.values():
                auditctl("-a", *rule)
        one, beside = self.consumers(kind)
        auditctl("-b", BACKLOG)
        time.sleep(0.7)
        row = {}
        for call, count in COUNTS.items():
            before = processor_seconds(one.pid) if one else 0
            kernel = processor_seconds(self.kernel)
            wall, cpu = self.storm(call)
            if one:  # until it has nothing left to do
                self.wait_idle(one.pid)
            row[call] = {"events/s": count / wall, "wall us": wall / count * 1e6, "workload us": cpu / count * 1e6}
            if one:
                row[call]["consumer us"] = (processor_seconds(one.pid) - before) / count * 1e6
                row[call]["kauditd us"] = (processor_seconds(self.kernel) - kernel) / count * 1e6
        for process in [one, *beside]:
            if process is None:
                continue
            if kind == "auditd RAW":
                process.send_signal(signal.SIGTERM)
                process.wait(30)
                (self.folder / "audit.log").unlink(missing_ok=True)
                continue
            process.stdin.close()
            told = [json.loads(line) for line in process.stdout.read().splitlines()]
            process.wait(60)
            if process is one:
                row["events"] = told[-1]["events"]
                row["reported lost"] = told[-1]["lost"]
        row["kernel lost"] = int(status()["lost"]) - lost
        if kind != "no rule":
            for rule in self.rules.values():
                auditctl("-d", *rule)
        self.results.setdefault(kind, []).append(row)
        print(f"  {kind:20}", "  ".join(f"{call} {row[call]['events/s']:8.0f}/s {row[call]['workload us']:7.2f} us" for call in COUNTS),
              "  lost", row["kernel lost"], "events", row.get("events", ""), flush=True)

    def medians(self):
        def middle(kind, call, what):
            return statistics.median(row[call].get(what, 0) for row in self.results[kind])
        for call, count in COUNTS.items():
            print(f"\n{call}, {count} events a round, medians of {len(self.results['no rule'])} rounds")
            print(f"  {'':20}{'events/s':>10}{'wall us':>9}{'workload us':>12}{'ratio':>7}{'consumer us':>12}{'kauditd us':>11}{'of bound':>9}")
            peer = middle("auditd RAW", call, "workload us")
            bound = middle("bound", call, "events/s")
            for kind in KINDS:
                rate, wall, cpu = (middle(kind, call, what) for what in ("events/s", "wall us", "workload us"))
                print(f"  {kind:20}{rate:10.0f}{wall:9.2f}{cpu:12.2f}{cpu / peer:7.2f}{middle(kind, call, 'consumer us'):12.2f}"
                      f"{middle(kind, call, 'kauditd us'):11.2f}{'' if kind == 'no rule' else f'{rate / bound:9.2f}'}")
            produced = 1e6 / middle("bound", call, "workload us")
            print(f"  bounds: the program itself, if it never waited, {produced:.0f} events/s on its processor; the reader that does nothing else, {bound:.0f}")
        for kind in ("bound", "plimsoll daemon", "plimsoll multicast"):
            rows = self.results[kind]
            print(f"{kind}: events received {[row['events'] for row in rows]} of {sum(COUNTS.values())} and what else happened; "
                  f"kernel lost {sum(row['kernel lost'] for row in rows)}, reported lost {sum(row['reported lost'] for row in rows)}")


def stages(program):
    for kind in ("raw", "enriched"):
        sample = DATA / f"sample-seq-{kind}.log"
        if sample.exists():
            print(f"{sample.name}: ", end="", flush=True)
            subprocess.run([program, "stages", sample, "200"], check=True)


def main():
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")
    stages(sys.argv[1])
    lock = open("/tmp/audit.lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    before = status()
    bench = Bench(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors, backlog {BACKLOG}")
    try:
        auditctl("-e", 1)
        for _ in range(rounds):
            for kind in random.sample(KINDS, len(KINDS)):
                bench.round(kind)
    finally:
        for rule in bench.rules.values():
            subprocess.run(["auditctl", "-d", *rule], capture_output=True)
        auditctl("-e", before["enabled"])
        auditctl("-b", before["backlog_limit"])
        shutil.rmtree(bench.folder, ignore_errors=True)
    bench.medians()


if __name__ == "__main__":
    main()
