#!/usr/bin/env python3
"""How fast audit events are taken, what is lost, and how much the audited program is slowed, beside auditd in the same run.

    sudo bench/audit_live.py PATH_OF_audit_live [EVENTS]

A program opens one watched file as fast as it can (5 records each). Medians of three rounds, consumers in turn. The machine's audit
state is put back."""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

STORM = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
int main(int n, char **a) {
    long count = atol(a[2]); struct timespec s, e; struct rusage u;
    clock_gettime(CLOCK_MONOTONIC, &s);
    for (long i = 0; i < count; ++i) { int f = openat(AT_FDCWD, a[1], O_RDONLY); if (f >= 0) close(f); }
    clock_gettime(CLOCK_MONOTONIC, &e); getrusage(RUSAGE_SELF, &u);
    printf("%.4f %.4f\n", e.tv_sec - s.tv_sec + (e.tv_nsec - s.tv_nsec) / 1e9,
           u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
}
"""


def auditctl(*words):
    return subprocess.run(["auditctl", *map(str, words)], check=True, capture_output=True, text=True).stdout


def status():
    return {line.split()[0]: line.split()[1] for line in auditctl("-s").splitlines() if len(line.split()) > 1}


def wait_for_daemon(pid, yes):
    for _ in range(200):
        if (status()["pid"] == str(pid)) == yes:
            return
        time.sleep(0.05)
    raise SystemExit("the consumer did not register")


def main():
    program, events = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200_000
    folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-bench-"))
    lock = open("/tmp/audit.lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    before = status()
    probe = folder / "probe"
    probe.write_text("x")
    (folder / "storm.c").write_text(STORM)
    subprocess.run(["cc", "-O2", "-o", folder / "storm", folder / "storm.c"], check=True)
    (folder / "auditd").mkdir(mode=0o750)
    (folder / "auditd" / "auditd.conf").write_text(
        f"local_events = yes\nwrite_logs = yes\nlog_file = {folder}/audit.log\nlog_format = RAW\nflush = INCREMENTAL_ASYNC\nfreq = 50\n"
        "max_log_file = 4000\nmax_log_file_action = IGNORE\nspace_left = 75\nspace_left_action = SYSLOG\nadmin_space_left = 50\n"
        "admin_space_left_action = SUSPEND\ndisk_full_action = SUSPEND\ndisk_error_action = SUSPEND\npriority_boost = 4\n")
    (folder / "auditd" / "audit-stop.rules").write_text("")
    rule = ["always,exit", "-F", "arch=b64", "-S", "openat", "-F", f"path={probe}", "-k", "plimsoll-bench"]

    def storm():
        words = subprocess.run([folder / "storm", probe, str(events)], check=True, capture_output=True, text=True).stdout.split()
        return float(words[0]), float(words[1])

    def consumer(kind):
        if kind == "auditd RAW":
            return subprocess.Popen(["auditd", "-n", "-c", str(folder / "auditd"), "-s", "nochange"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process = subprocess.Popen([program, "daemon" if kind.endswith("daemon") else "listen", "0"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        return process

    results = {}
    try:
        auditctl("-e", 1)
        auditctl("-b", 8192)
        auditctl("-a", *rule)
        for _ in range(3):
            for kind in ("auditd RAW", "plimsoll daemon", "plimsoll multicast"):
                lost = int(status()["lost"])
                process = consumer(kind)
                if kind != "plimsoll multicast":
                    wait_for_daemon(process.pid, True)
                time.sleep(1)
                wall, cpu = storm()
                row = {"wall": wall, "rate": events / wall, "workload_us": cpu / events * 1e6, "kernel_lost": int(status()["lost"]) - lost}
                if kind == "auditd RAW":
                    time.sleep(3)
                    row["consumer_us"] = sum(float(x) for x in pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]) / os.sysconf("SC_CLK_TCK") / events * 1e6
                    process.send_signal(signal.SIGTERM)
                    process.wait(30)
                else:
                    time.sleep(3)
                    process.stdin.close()
                    told = [json.loads(line) for line in process.stdout.read().splitlines()]
                    process.wait(60)
                    row["events"] = told[-1]["events"]
                    row["reported_lost"] = told[-1]["lost"]
                    row["consumer_us"] = told[-1]["cpu_s"] / events * 1e6
                results.setdefault(kind, []).append(row)
                print(kind, {key: round(value, 2) for key, value in row.items()}, flush=True)
        auditctl("-d", *rule)
        results["no rule"] = [{"wall": (run := storm())[0], "rate": events / run[0], "workload_us": run[1] / events * 1e6}]
        auditctl("-a", *rule)
    finally:
        subprocess.run(["auditctl", "-d", *rule], capture_output=True)
        auditctl("-e", before["enabled"])
        auditctl("-b", before["backlog_limit"])
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{events} openat events, medians")
    for kind, rows in results.items():
        print(f"{kind:20}", {key: round(statistics.median(row[key] for row in rows), 2) for key in rows[0]})


if __name__ == "__main__":
    main()
