// What the sensor costs a workload: CPU time of one operation without, with and again without the kernel programs, many
// times over; the median of the ratios. The workload runs in a cgroup named as a container's, and nobody reads the
// rings, so this is the price that the workload pays itself.
//
//     sensor_cost [--triples N] [--ms N] [--unaudited] [--filter usual|writes|none] [workload…]
//
// "least" is the ratio with a program that does nothing on each system call's exit: what any sensor of this kind costs
// before it has looked at anything.
// --filter says what is wanted: what rules usually want; of files only what is written, so that an open for reading is
// decided before its path is asked for; nothing at all, which leaves the first program alone.
// --unaudited takes the workload out of Linux audit (auditctl -a task,never while it is started), which otherwise may
// have put every call on the kernel's slow path already.

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sensor/kernel_programs.h"

namespace {

using namespace plimsoll;

struct Workload {
    const char* name;
    double falco;  ///< ratio of CPU that research/falco.md section 1.1 measured for Falco 0.44.1; 0 for none
    double goal;
    std::function<void()> once;
};

sockaddr_in loopback() {
    return {.sin_family = AF_INET, .sin_port = 0, .sin_addr = {::htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
}

std::vector<Workload> workloads() {
    static int server = -1, file = -1;
    static sockaddr_in address = loopback();
    return {
        {"open+close", 1.53, 1.10, [] { ::close(::open("/tmp/plimsoll-sensor-cost", O_RDONLY)); }},
        {"exec", 1.14, 1.08,
         [] {
             const pid_t child = ::vfork();
             if (child == 0) {
                 ::execl("/bin/busybox", "true", static_cast<char*>(nullptr));
                 ::_exit(1);
             }
             ::waitpid(child, nullptr, 0);
         }},
        {"connect+accept", 1.11, 1.05,
         [] {
             auto* const any = reinterpret_cast<sockaddr*>(&address);
             if (server < 0) {
                 server = ::socket(AF_INET, SOCK_STREAM, 0);
                 ::bind(server, any, sizeof(address));
                 ::listen(server, 64);
                 socklen_t size = sizeof(address);
                 ::getsockname(server, any, &size);
             }
             const int client = ::socket(AF_INET, SOCK_STREAM, 0);
             const linger at_once{.l_onoff = 1, .l_linger = 0};  // no port is left waiting
             ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
             ::connect(client, any, sizeof(address));
             ::close(::accept(server, nullptr, nullptr));
             ::close(client);
         }},
        {"fork", 1.03, 1.02,
         [] {
             const pid_t child = ::fork();
             if (child == 0) ::_exit(0);
             ::waitpid(child, nullptr, 0);
         }},
        {"getppid", 1.11, 1.04, [] { ::syscall(SYS_getppid); }},
        {"pread", 1.06, 1.04,
         [] {
             if (file < 0) file = ::open("/tmp/plimsoll-sensor-cost", O_RDONLY);
             char bytes[64];
             [[maybe_unused]] const auto ignored = ::pread(file, bytes, sizeof(bytes), 0);
         }},
    };
}

/// What rules and recording usually want: sensitive files, what is made or changed in system folders, connections.
model::KernelFilter usual_filter() {
    using model::FileAct;
    using model::PathTest;
    model::KernelFilter filter;
    const auto wish = [&](FileAct act) -> auto& { return filter.files[static_cast<std::size_t>(act)]; };
    for (const char* const path :
         {"/etc/shadow", "/etc/sudoers", "/root/.ssh", "/etc/pam.d", "/proc/kcore", "/dev/mem"})
        wish(FileAct::read).paths.push_back({PathTest::Kind::under, path});
    for (const char* const name : {"id_rsa", ".aws", ".kube", "docker.sock"})
        wish(FileAct::read).paths.push_back({PathTest::Kind::name, name});
    for (const char* const path : {"/etc", "/bin", "/sbin", "/usr", "/lib", "/root", "/boot"})
        for (const FileAct act : {FileAct::write, FileAct::create, FileAct::unlink, FileAct::rename, FileAct::chmod})
            wish(act).paths.push_back({PathTest::Kind::under, path});
    wish(FileAct::execute).all = true;
    for (const int call : {SYS_connect, SYS_accept, SYS_accept4, SYS_listen, SYS_ptrace, SYS_setns, SYS_unshare,
                           SYS_dup2, SYS_dup3, SYS_mount, SYS_bpf, SYS_memfd_create, SYS_sendto, SYS_sendmsg}) {
        filter.succeeded.set(static_cast<std::size_t>(call));
        filter.failed.set(static_cast<std::size_t>(call));
    }
    return filter;
}

model::KernelFilter filter_named(std::string_view name) {
    if (name == "none") return {};
    model::KernelFilter filter = usual_filter();
    if (name == "usual") return filter;
    if (name != "writes") fmt::print(stderr, "--filter is usual, writes or none\n"), std::exit(2);
    for (const model::FileAct act : {model::FileAct::read, model::FileAct::execute})
        filter.files[static_cast<std::size_t>(act)] = {};
    return filter;
}

/// Does nothing on each system call's exit.
class Empty {
public:
    Empty() {
        const bpf_insn nothing[] = {
            {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
            {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
        btf* const types = btf__load_vmlinux_btf();
        LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP);
        options.attach_btf_id =
            static_cast<std::uint32_t>(btf__find_by_name_kind(types, "btf_trace_sys_exit", BTF_KIND_TYPEDEF));
        program_ = bpf_prog_load(BPF_PROG_TYPE_TRACING, "empty", "GPL", nothing, 2, &options);
        btf__free(types);
        link_ = bpf_raw_tracepoint_open(nullptr, program_);
        if (link_ < 0) fmt::print(stderr, "attaching the empty program failed\n"), std::exit(1);
    }
    Empty(const Empty&) = delete;
    Empty& operator=(const Empty&) = delete;
    ~Empty() { ::close(link_), ::close(program_); }

private:
    int program_ = -1, link_ = -1;
};

double cpu_seconds() {
    double sum = 0;
    for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        rusage use{};
        ::getrusage(who, &use);
        for (const timeval& each : {use.ru_utime, use.ru_stime})
            sum += static_cast<double>(each.tv_sec) + static_cast<double>(each.tv_usec) / 1e6;
    }
    return sum;
}

/// A process of a container that does the operation for so long whenever it is asked.
class Worker {
public:
    Worker(const Workload& workload, const std::string& cgroup, std::chrono::milliseconds each, bool unaudited) {
        int ask[2], answer[2];
        if (::pipe(ask) != 0 || ::pipe(answer) != 0) std::exit(1);
        if (unaudited) run("auditctl -a task,never");
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close(ask[1]);
            std::ofstream(cgroup + "/cgroup.procs") << ::getpid() << std::flush;
            for (char byte = 0; ::read(ask[0], &byte, 1) == 1;) {
                const auto end = std::chrono::steady_clock::now() + each;
                const double before = cpu_seconds();
                long done = 0;
                while (std::chrono::steady_clock::now() < end)
                    for (int i = 0; i < 64; ++i, ++done) workload.once();
                const double cost = (cpu_seconds() - before) / static_cast<double>(done) * 1e9;
                [[maybe_unused]] const auto ignored = ::write(answer[1], &cost, sizeof(cost));
            }
            ::_exit(0);
        }
        if (unaudited) run("auditctl -d task,never");
        ::close(ask[0]), ::close(answer[1]);
        ask_ = ask[1], answer_ = answer[0];
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() {
        ::close(ask_), ::close(answer_);
        ::waitpid(pid_, nullptr, 0);
    }

    double nanoseconds() const {
        double cost = 0;
        if (::write(ask_, "x", 1) != 1 || ::read(answer_, &cost, sizeof(cost)) != sizeof(cost)) std::exit(1);
        return cost;
    }

private:
    static void run(const char* command) {
        if (std::system((std::string(command) + " >/dev/null 2>&1").c_str()) != 0)
            fmt::print(stderr, "{}: failed\n", command);
    }
    pid_t pid_ = 0;
    int ask_ = -1, answer_ = -1;
};

double median(std::vector<double> all) {
    std::ranges::sort(all);
    return all[all.size() / 2];
}
double quarter(std::vector<double> all, int which) {
    std::ranges::sort(all);
    return all[all.size() * static_cast<std::size_t>(which) / 4];
}

std::string v2_root() {
    std::ifstream mounts("/proc/mounts");
    for (std::string device, place, type, rest; mounts >> device >> place >> type && std::getline(mounts, rest);)
        if (type == "cgroup2") return place;
    return "/sys/fs/cgroup";
}

}  // namespace

int main(int count, char** words) {
    int triples = 15;
    std::chrono::milliseconds each(300);
    bool unaudited = false;
    model::KernelFilter filter = usual_filter();
    std::vector<std::string_view> chosen;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--triples" && i + 1 < count)
            triples = std::atoi(words[++i]);
        else if (word == "--ms" && i + 1 < count)
            each = std::chrono::milliseconds(std::atoi(words[++i]));
        else if (word == "--filter" && i + 1 < count)
            filter = filter_named(words[++i]);
        else if (word == "--unaudited")
            unaudited = true;
        else
            chosen.push_back(word);
    }
    std::ofstream("/tmp/plimsoll-sensor-cost") << std::string(64, 'x');
    const std::string cgroup = v2_root() + "/plimsoll-sensor-cost-" + std::string(64, 'c');
    std::filesystem::create_directory(cgroup);
    struct stat status {};
    ::stat(cgroup.c_str(), &status);
    const std::pair<std::uint64_t, std::string> known{status.st_ino, std::string(64, 'c')};

    fmt::print("{:<15} {:>9} {:>9}  {:>6} {:>13}  {:>6}  {:>7}  {:>5}  {:>5}\n", "workload", "off ns", "on ns", "ratio",
               "quartiles", "least", "control", "goal", "Falco");
    for (const Workload& workload : workloads()) {
        if (!chosen.empty() && std::ranges::find(chosen, workload.name) == chosen.end()) continue;
        const Worker worker(workload, cgroup, each, unaudited);
        worker.nanoseconds();
        std::vector<double> ratios, leasts, controls, offs, ons;
        for (int i = 0; i < triples; ++i) {
            const double before = worker.nanoseconds();
            double with = 0, nothing = 0;
            {
                auto programs = sensor::KernelPrograms::load({}, filter);
                if (!programs) return fmt::print(stderr, "{}\n", programs.error().message), 1;
                (*programs)->know(std::span(&known, 1));
                with = worker.nanoseconds();
            }
            {
                const Empty program;
                nothing = worker.nanoseconds();
            }
            const double after = worker.nanoseconds();
            ratios.push_back(2 * with / (before + after));
            leasts.push_back(2 * nothing / (before + after));
            controls.push_back(after / before);
            offs.push_back((before + after) / 2);
            ons.push_back(with);
        }
        fmt::print("{:<15} {:>9.1f} {:>9.1f}  {:>6.3f} {:>6.3f}-{:<6.3f}  {:>6.3f}  {:>7.3f}  {:>5.2f}  {:>5.2f}\n",
                   workload.name, median(offs), median(ons), median(ratios), quarter(ratios, 1), quarter(ratios, 3),
                   median(leasts), median(controls), workload.goal, workload.falco);
        std::fflush(stdout);
    }
    std::error_code ignored;
    std::filesystem::remove(cgroup, ignored);
    std::filesystem::remove("/tmp/plimsoll-sensor-cost", ignored);
    fmt::print(
        "Falco: ratio of CPU of Falco 0.44.1 with its stable rules on a machine of this kind "
        "(shared/research/falco.md, section 1.1).\n");
}
