"""The sensor's programs under Debian 12's own kernel and under the newer one of its backports, which take other roads through them: booted in a
virtual machine. Both have overlay as a module."""
import pathlib
import re
import shutil
import tempfile
import unittest

from support import PLIMSOLL, ROOT, main, need, run

# One of each shape of call, and what older kernels' verifiers are particular about. The whole of it: script/boot-kernel.
TESTS = ["ProgramsForNewKernelsAreTakenByThem", "SeesBothEndsOfConnections", "FollowsMagicLinksOfProc", "FoldsWhatAProcessRepeatsOnAnotherProcessor",
         "TwoRelativeNamesHaveAFolderEach", "KeepsPathsOfFourThousandBytes", "WhatAContainerCallsItsOwnCgroupsDoesNotMatter", "CredentialsThatChangeAreTold"]
NEWER = ["ProgramsForNewKernelsAreTakenByThem", "FoldsWhatAProcessRepeatsOnAnotherProcessor"]


@need("qemu-system-x86_64", "busybox", "cpio", "depmod", "apt-get", "apt-cache")
class Kernels(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-kernels-", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def package(self, *options):
        """The package of the kernel that linux-image-amd64 stands for, or None."""
        depends = run("apt-cache", *options, "depends", "linux-image-amd64", check=False).stdout.decode()
        names = re.findall(r"Depends: (linux-image-[0-9]\S*-amd64)$", depends, re.M)
        if not names or run("apt-get", *options, "download", names[0], check=False, cwd=self.folder).returncode != 0:
            return None
        return next(self.folder.glob("*.deb"))

    def backports(self):
        """Options of apt for the backports of this release alone, from the mirror that this machine uses."""
        release = re.search(r"^VERSION_CODENAME=(\w+)$", pathlib.Path("/etc/os-release").read_text(), re.M)
        targets = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", check=False).stdout.decode().splitlines()
        mirrors = [line.split()[0] for line in targets if release and line.endswith(" " + release[1])]
        if not mirrors:
            return None
        (self.folder / "lists" / "partial").mkdir(parents=True)
        (self.folder / "list").write_text(f"deb {mirrors[0]} {release[1]}-backports main\n")
        options = ["-o", f"Dir::Etc::SourceList={self.folder}/list", "-o", "Dir::Etc::SourceParts=/dev/null", "-o", f"Dir::State::Lists={self.folder}/lists",
                   "-o", f"Dir::Cache::pkgcache={self.folder}/pkgcache", "-o", f"Dir::Cache::srcpkgcache={self.folder}/srcpkgcache"]
        return options if run("apt-get", *options, "update", check=False).returncode == 0 else None

    def boot(self, package, names):
        tests = pathlib.Path(PLIMSOLL).parent / "sensor_test"
        if not tests.exists():
            self.skipTest(f"needs {tests}")
        wanted = ":".join(f"KernelProgramsTest.{name}" for name in names)
        ran = run(ROOT / "script" / "boot-kernel", package, tests, "--gtest_filter=" + wanted, timeout=380, check=False)
        text = ran.stdout.decode(errors="replace")
        self.assertEqual(ran.returncode, 0, text[-4000:] + ran.stderr.decode(errors="replace")[-1000:])
        self.assertIn(f"{len(names)} tests.", re.sub(r"\x1b\[[0-9;]*m", "", text))
        self.assertNotIn("SKIPPED", text)

    def test_the_programs_work_under_debians_kernel(self):
        package = self.package()
        if package is None:
            self.skipTest("needs the package of Debian's kernel")
        self.boot(package, TESTS)

    def test_the_programs_work_under_the_kernel_of_the_backports(self):
        options = self.backports()
        package = options and self.package(*options)
        if not package:
            self.skipTest("needs the package of the kernel in Debian's backports")
        self.boot(package, NEWER)


if __name__ == "__main__":
    main()
