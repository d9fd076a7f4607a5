"""Containers that are clean but for one defect: the defect is found on each, and the clean container has none of these findings.

The list of defects that must be found is shared data; how each is made, and which check finds it, stands here.
"""
import csv
import unittest

from support import IMAGE, SEVERITIES, SHARED, Docker, main, need

CLEAN = ["--user", "10001:10001", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "32m",
         "--memory-swap", "32m", "--cpus", "0.5", "--pids-limit", "32", "--restart", "on-failure:3", "--log-driver", "json-file",
         "--log-opt", "max-size=1m", "--log-opt", "max-file=2", "--network", "plain", "--ulimit", "nofile=256:256"]


def without(option, *more):
    """The clean options with one option and its value taken out."""
    words = list(CLEAN)
    at = words.index(option)
    del words[at:at + (1 if option == "--read-only" else 2)]
    return words + list(more)


def also(*more):
    return CLEAN + list(more)


# name: (options, checks of which at least one must fail)
DEFECTS = {
    "privileged": (also("--privileged"), {"container-privileged"}),
    "capnetraw": (also("--cap-add", "NET_RAW"), {"capability-net-raw"}),
    "rootfsrw": (also("--volume", "/:/host"), {"host-root-writable"}),
    "etcro": (also("--volume", "/etc:/host-etc:ro"), {"etc-mounted"}),
    "etcsubdir": (also("--volume", "/etc/cron.d:/jobs"), {"host-autostart-writable"}),
    "roothome": (also("--volume", "/root:/host-home"), {"root-home-writable"}),
    "home": (also("--volume", "/home:/people"), {"home-writable"}),
    "rundir": (also("--volume", "/run:/host-run"), {"engine-socket-mounted"}),
    "containerdsock": (also("--volume", "{folder}/exec/containerd/containerd.sock:/tmp/c.sock"), {"engine-socket-mounted"}),
    "procmount": (also("--volume", "/proc:/host-proc"), {"proc-writable"}),
    "devmount": (also("--volume", "/dev:/host-dev"), {"dev-mounted"}),
    "pidhost": (also("--pid", "host"), {"container-host-pid"}),
    "pidcontainer": (also("--pid", "container:e2e-clean"), {"container-shared-pid"}),
    "netcontainer": (without("--network", "--network", "container:e2e-clean"), {"container-shared-network"}),
    "utshost": (also("--uts", "host"), {"container-host-uts"}),
    "usernshost": (also("--userns", "host"), {"container-userns-opt-out-dormant", "container-userns-opted-out"}),
    "user00": (without("--user", "--user", "0:0"), {"container-runs-as-root"}),
    "user0000": (without("--user", "--user", "00"), {"container-runs-as-root"}),
    "groupadd0": (also("--group-add", "0"), {"container-root-group"}),
    "restartunless": (without("--restart", "--restart", "unless-stopped"), {"container-restart-endless"}),
    "envsecret": (also("--env", "DB_PASSWORD=hunter2-but-longer", "--env", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYzzDEMOzzKEYz"), {"env-secret"}),
    "seccompunconf": (also("--security-opt", "seccomp=unconfined"), {"container-seccomp-off"}),
    "nnpfalse": (without("--security-opt", "--security-opt", "no-new-privileges:false"), {"container-may-gain-privileges"}),
    "labeldisable": (also("--security-opt", "label=disable"), {"container-selinux-off"}),
    "systempaths": (also("--security-opt", "systempaths=unconfined"), {"container-paths-unmasked"}),
    "devcgrule": (also("--device-cgroup-rule", "a *:* rwm"), {"device-rule-wildcard"}),
    "portlow": (also("--publish", "127.0.0.1:381:80"), {"port-privileged"}),
    "port6": (also("--publish", "[::]:38082:80"), {"port-wildcard"}),
    "swapunlim": (without("--memory-swap", "--memory-swap", "-1"), {"container-swap-unlimited"}),
    "pidsunlim": (without("--pids-limit", "--pids-limit", "-1"), {"container-pids-unlimited"}),
    "nopids": (without("--pids-limit"), {"container-pids-unlimited"}),
    "lognone": (CLEAN[:CLEAN.index("--log-driver")] + ["--log-driver", "none", "--network", "plain"], {"container-logs-none"}),
    "sysctl": (also("--sysctl", "net.ipv4.ip_forward=1"), {"container-sysctls"}),
    "nohealth": (also("--no-healthcheck"), {"container-no-healthcheck"}),
    "entryroot": (also("--tmpfs", "/t:exec,suid,size=1m"), {"tmpfs-executable"}),
    "cpuquota": (without("--cpus", "--cpu-quota", "50000"), set()),
    "cpuset": (without("--cpus", "--cpuset-cpus", "0"), set()),
}

# Relatives of those that the shared list does not name: (options, checks, at least this severity).
RELATIVES = {
    "caps-all": (also("--cap-add", "ALL"), {"capabilities-all"}, "critical"),
    "cap-sys-admin": (also("--cap-add", "SYS_ADMIN"), {"capability-sys-admin"}, "high"),
    "cap-sys-module": (also("--cap-add", "SYS_MODULE"), {"capability-sys-module"}, "critical"),
    "caps-kept": (without("--cap-drop"), {"capabilities-default-kept"}, "low"),
    "user-nothing": (without("--user", "--user", "root"), {"container-runs-as-root"}, "high"),
    "user-octal": (without("--user", "--user", "0"), {"container-runs-as-root"}, "high"),
    "group-0": (without("--user", "--user", "10001:0"), {"container-root-group"}, "medium"),
    "ipc-host": (also("--ipc", "host"), {"container-host-ipc"}, "high"),
    "net-host": (without("--network", "--network", "host"), {"container-host-network"}, "high"),
    "socket-elsewhere": (also("--volume", "{folder}/docker.sock:/tmp/innocent"), {"engine-socket-mounted"}, "critical"),
    "socket-folder-ro": (also("--volume", "{folder}:/x:ro"), {"engine-socket-mounted"}, "critical"),
    "root-ro": (also("--volume", "/:/host:ro"), {"host-root-readable"}, "high"),
    "engine-data": (also("--volume", "{folder}/data:/d"), {"engine-data-writable"}, "critical"),
    "memory": (CLEAN[:CLEAN.index("--memory")] + CLEAN[CLEAN.index("--cpus"):], {"container-memory-unlimited"}, "medium"),
    "rootfs": (without("--read-only"), {"container-rootfs-writable"}, "low"),
    "restart-always": (without("--restart", "--restart", "always"), {"container-restart-endless"}, "low"),
    "port-any": (also("--publish", "38083:80"), {"port-wildcard"}, "medium"),
    "port-database": (also("--publish", "38084:6379"), {"port-data-store-wildcard", "port-wildcard"}, "medium"),
    "device-disk": (also("--device", "/dev/kmsg"), {"device-kernel-log", "device-other"}, "low"),
}


@need("dockerd", "docker", "busybox", "unshare", "nsenter")
class SingleDefects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Docker()
        cls.addClassCleanup(cls.engine.stop)
        cls.engine.make_image()
        cls.engine.docker("network", "create", "--opt", "com.docker.network.bridge.enable_icc=false", "plain")
        cls.not_startable = {}
        cls.start("clean", CLEAN)
        for name, (options, *_) in {**DEFECTS, **RELATIVES}.items():
            cls.start(name, options)
        cls.report = cls.engine.report()

    @classmethod
    def start(cls, name, options):
        """Runs it; what the kernel here does not let run is judged as a created container."""
        words = [word.format(folder=cls.engine.folder) if word.startswith("{folder}") else word for word in options]
        container = "e2e-" + name
        result = cls.engine.docker("run", "--detach", "--name", container, *words, IMAGE, "/bin/sleep", "3600", check=False)
        if result.returncode != 0:
            cls.not_startable[name] = result.stderr.decode(errors="replace").strip().splitlines()[0]
            if cls.engine.docker("container", "inspect", container, check=False).returncode != 0:
                cls.engine.docker("create", "--name", container, *words, IMAGE, "/bin/sleep", "3600")

    def test_clean_container_has_none_of_these_findings(self):
        failed = self.report.failed("container", "e2e-clean")
        expected = set().union(*(entry[1] for entry in {**DEFECTS, **RELATIVES}.values()))
        self.assertEqual(set(failed) & expected, set())
        self.assertEqual({check for check in failed if self.report.severity(check) != "info"}, set())
        self.assertGreater(len(self.report.findings("pass", "container", "e2e-clean")), 40)

    def assert_found(self, name, checks, severity):
        self.assertTrue(self.report.object_index("container", "e2e-" + name), "the container is not in the report")
        failed = self.report.failed("container", "e2e-" + name)
        hits = checks & set(failed)
        self.assertTrue(hits, f"none of {sorted(checks)} failed; failed: {sorted(failed)}; {self.not_startable.get(name, '')}")
        worst = max(SEVERITIES.index(self.report.severity(check)) for check in hits)
        self.assertGreaterEqual(worst, SEVERITIES.index(severity), f"{sorted(hits)} only {SEVERITIES[worst]}")

    def test_every_listed_defect_is_found(self):
        listed = SHARED / "data" / "posture" / "single-defects.tsv"
        if not listed.exists():
            self.skipTest("the list of defects is not here")
        rows = list(csv.reader(listed.read_text().splitlines(), delimiter="\t"))[1:]
        self.assertGreater(len(rows), 30)
        for container, text, severity, _ in rows:
            name = container.removeprefix("posture-m-")
            with self.subTest(defect=name, text=text):
                self.assertIn(name, DEFECTS, "no recipe for this defect")
                if severity.startswith("NONE"):
                    self.assertNotIn("container-cpu-unlimited", self.report.failed("container", "e2e-" + name))
                else:
                    self.assert_found(name, DEFECTS[name][1], severity)

    def test_every_relative_is_found(self):
        for name, (_, checks, severity) in RELATIVES.items():
            with self.subTest(defect=name):
                self.assert_found(name, checks, severity)

    def test_values_of_secrets_are_never_printed(self):
        for form in ("json", "text", "html", "markdown", "csv", "sarif", "junit"):
            with self.subTest(format=form):
                output = self.engine.audit("--format", form, "--verbose").stdout
                self.assertNotIn(b"hunter2", output)
                self.assertNotIn(b"wJalrXUtn", output)

    def test_stopped_container_is_judged(self):
        self.engine.docker("stop", "--time", "0", "e2e-capnetraw")
        report = self.engine.report("--container", "e2e-capnetraw")
        self.assertEqual(report.objects("container"), ["e2e-capnetraw"])
        self.assertIn("capability-net-raw", report.failed("container", "e2e-capnetraw"))


if __name__ == "__main__":
    main()
