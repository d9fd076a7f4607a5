"""The sensor's programs under Debian 12's own kernel, which takes other roads through them than newer ones: booted in a virtual machine."""
import pathlib
import re
import shutil
import tempfile
import unittest

from support import PLIMSOLL, ROOT, main, need, run

# One of each shape of call, and what older kernels' verifiers are particular about. The whole of it: script/boot-kernel.
TESTS = ["SeesBothEndsOfConnections", "FollowsMagicLinksOfProc", "FoldsWhatAProcessRepeatsOnAnotherProcessor", "TwoRelativeNamesHaveAFolderEach",
         "KeepsPathsOfFourThousandBytes", "WhatAContainerCallsItsOwnCgroupsDoesNotMatter", "CredentialsThatChangeAreTold"]


@need("qemu-system-x86_64", "busybox", "cpio", "depmod", "apt-get", "apt-cache")
class Kernels(unittest.TestCase):
    def test_the_programs_work_under_debians_kernel(self):
        tests = pathlib.Path(PLIMSOLL).parent / "sensor_test"
        if not tests.exists():
            self.skipTest(f"needs {tests}")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-kernels-", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        depends = run("apt-cache", "depends", "linux-image-amd64", check=False).stdout.decode()
        names = re.findall(r"Depends: (linux-image-[0-9.]+-[0-9]+-amd64)$", depends, re.M)
        if not names or run("apt-get", "download", names[0], check=False, cwd=folder).returncode != 0:
            self.skipTest("needs the package of Debian's kernel")
        package = next(folder.glob("*.deb"))
        wanted = ":".join(f"KernelProgramsTest.{name}" for name in TESTS)
        ran = run(ROOT / "script" / "boot-kernel", package, tests, "--gtest_filter=" + wanted, timeout=380, check=False)
        text = ran.stdout.decode(errors="replace")
        self.assertEqual(ran.returncode, 0, text[-4000:] + ran.stderr.decode(errors="replace")[-1000:])
        self.assertIn(f"{len(TESTS)} tests.", re.sub(r"\x1b\[[0-9;]*m", "", text))
        self.assertNotIn("SKIPPED", text)


if __name__ == "__main__":
    main()
