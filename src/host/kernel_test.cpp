#include "host/kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/utsname.h>

#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

using testing::ElementsAre;

TEST(Kernel, SysctlNamesWithDotsAndSlashes) {
    const TemporaryTree tree;
    tree.write("/proc/sys/net/ipv4/ip_forward", "1\n");
    tree.write("/proc/sys/net/ipv4/conf/eth0.5/rp_filter", "2\n");
    EXPECT_EQ(sysctl(tree.root(), "net.ipv4.ip_forward").value(), "1");
    EXPECT_EQ(sysctl(tree.root(), "net/ipv4/conf/eth0.5/rp_filter").value(), "2");
    EXPECT_EQ(sysctl(tree.root(), "net.ipv4.conf.eth0/5.rp_filter").value(), "2");
    EXPECT_EQ(sysctl(tree.root(), "net.none").value(), std::nullopt);
    EXPECT_FALSE(sysctl(tree.root(), "net/../../../etc/passwd"));
    EXPECT_FALSE(sysctl(tree.root(), ""));
}

TEST(Kernel, CommandLineKeepsQuotedBlanks) {
    const TemporaryTree tree;
    tree.write("/proc/cmdline", "ro  audit=1 dyndbg=\"file a.c +p\" quiet\n");
    EXPECT_THAT(kernel_command_line(tree.root()).value(), ElementsAre("ro", "audit=1", "dyndbg=file a.c +p", "quiet"));
}

TEST(Kernel, SecurityModulesFromTheList) {
    const TemporaryTree tree;
    tree.write("/sys/kernel/security/lsm", "lockdown,capability,selinux,apparmor");
    tree.write("/sys/module/apparmor/parameters/enabled", "N\n");
    tree.write("/sys/fs/selinux/enforce", "0");
    const auto modules = security_modules(tree.root()).value();
    EXPECT_TRUE(modules.exact);
    EXPECT_EQ(modules.active.size(), 4U);
    EXPECT_FALSE(modules.apparmor);
    EXPECT_TRUE(modules.selinux);
    EXPECT_EQ(modules.selinux_enforcing, false);
}

TEST(Kernel, SecurityModulesInferredWithoutTheList) {
    const TemporaryTree tree;
    tree.write("/proc/self/attr/apparmor/current", "unconfined\n");
    tree.write("/proc/sys/kernel/yama/ptrace_scope", "1\n");
    const auto modules = security_modules(tree.root()).value();
    EXPECT_FALSE(modules.exact);
    EXPECT_THAT(modules.active, ElementsAre("apparmor", "yama"));
    EXPECT_TRUE(modules.apparmor);
    EXPECT_FALSE(modules.selinux);
    EXPECT_FALSE(modules.selinux_enforcing.has_value());
}

TEST(Kernel, CpuVulnerabilities) {
    const TemporaryTree tree;
    EXPECT_FALSE(cpu_vulnerabilities(tree.root()).value().has_value());
    const std::string directory = "/sys/devices/system/cpu/vulnerabilities/";
    tree.write(directory + "mds", "Mitigation: Clear CPU buffers; SMT vulnerable\n");
    tree.write(directory + "l1tf", "Not affected\n");
    tree.write(directory + "retbleed", "Vulnerable\n");
    const auto found = cpu_vulnerabilities(tree.root()).value().value();
    ASSERT_EQ(found.size(), 3U);
    EXPECT_FALSE(found[0].vulnerable);
    EXPECT_TRUE(found[1].vulnerable);
    EXPECT_EQ(found[2].text, "Vulnerable");
}

TEST(Kernel, RebootIsAskedForByPackages) {
    const TemporaryTree tree;
    EXPECT_FALSE(reboot_request(tree.root()).value().has_value());
    tree.write("/run/reboot-required", "*** System restart required ***\n");
    tree.write("/run/reboot-required.pkgs", "linux-image\nlibc6\nlibc6\n");
    EXPECT_THAT(reboot_request(tree.root()).value()->packages, ElementsAre("libc6", "linux-image"));
}

TEST(Kernel, RunningKernel) {
    utsname name{};
    ASSERT_EQ(::uname(&name), 0);
    EXPECT_EQ(kernel_release(Root{}).value(), name.release);
    EXPECT_TRUE(security_modules(Root{}).has_value());
    EXPECT_TRUE(cpu_vulnerabilities(Root{}).has_value());
    EXPECT_TRUE(installed_kernels(Root{}).has_value());
    EXPECT_GE(clock_state().value().maximum_error_us, 0);
}

}  // namespace
}  // namespace plimsoll::host
