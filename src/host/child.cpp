#include "host/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "host/fd.h"
#include "host/system_error.h"

namespace plimsoll::host {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLook = std::chrono::milliseconds(50);  ///< how soon a stop request is seen

struct Pipe {
    Fd read;
    Fd write;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("making a pipe", "");
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

/// Attributes and file actions of posix_spawn, freed at the end.
class Preparation {
public:
    Preparation() {
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_init(&actions);
    }
    Preparation(const Preparation&) = delete;
    Preparation& operator=(const Preparation&) = delete;
    ~Preparation() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawnattr_t attributes{};
    posix_spawn_file_actions_t actions{};
};

Result<pid_t> spawn(const ChildTask& task, int input, int output) {
    std::vector<std::string> arguments = task.arguments;
    std::vector<std::string> environment;
    for (const auto& [name, value] : task.environment) environment.push_back(name + "=" + value);
    Preparation prepared;
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setflags(&prepared.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&prepared.attributes, &none);
    posix_spawnattr_setsigdefault(&prepared.attributes, &all);
    posix_spawn_file_actions_addchdir_np(&prepared.actions, "/");
    posix_spawn_file_actions_adddup2(&prepared.actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&prepared.actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&prepared.actions, output, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&prepared.actions, STDERR_FILENO + 1);
    pid_t pid = 0;
    const int fault = ::posix_spawn(&pid, arguments.front().c_str(), &prepared.actions, &prepared.attributes,
                                    pointers(arguments).data(), pointers(environment).data());
    if (fault != 0) return system_error("starting", arguments.front(), fault);
    return pid;
}

/// A child that runs; it is killed with its group and reaped at the latest when this goes away.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid), handle_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (!reaped_) reap();
    }

    [[nodiscard]] int handle() const { return handle_.get(); }  ///< readable once it has ended; -1 when not to be had
    void kill() const { ::kill(-pid_, SIGKILL); }

    /// True when it has ended; its group, which may still hold other processes, is killed first.
    bool ended() {
        siginfo_t seen{};
        if (::waitid(P_PID, static_cast<id_t>(pid_), &seen, WEXITED | WNOHANG | WNOWAIT) != 0 || seen.si_pid == 0)
            return false;
        return true;
    }

    int reap() {
        kill();
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        reaped_ = true;
        return status;
    }

private:
    pid_t pid_;
    Fd handle_;
    bool reaped_ = false;
};

/// Writes what fits; closes the pipe at the end or when nobody reads.
void feed(Fd& input, std::string_view& rest, bool& taken) {
    const ssize_t wrote = ::write(input.get(), rest.data(), rest.size());
    if (wrote > 0) rest.remove_prefix(static_cast<std::size_t>(wrote));
    if (wrote < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (rest.empty()) taken = true;
    if (wrote < 0 || rest.empty()) input.reset();
}

/// Reads what is there; false at the end.
bool drain(const Fd& output, std::string& kept, std::size_t limit) {
    std::array<char, 4096> chunk{};
    const ssize_t got = ::read(output.get(), chunk.data(), chunk.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    kept.append(chunk.data(), std::min(static_cast<std::size_t>(got), limit - std::min(limit, kept.size())));
    return got > 0;
}

}  // namespace

Result<ChildEnd> run_child(const ChildTask& task, const std::stop_token& stop) {
    check(!task.arguments.empty());
    TRY(Pipe in, make_pipe());
    TRY(Pipe out, make_pipe());
    for (const int fd : {in.write.get(), out.read.get()}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
    const auto until = Clock::now() + task.time;
    TRY(const pid_t pid, spawn(task, in.read.get(), out.write.get()));
    Child child(pid);
    in.read.reset();
    out.write.reset();

    ChildEnd end;
    std::string_view rest = task.input;
    if (rest.empty()) {
        in.write.reset();
        end.input_taken = true;
    }
    // A write to a program that does not read must not raise SIGPIPE here.
    sigset_t pipe_signal;
    sigset_t before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    while (!child.ended()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
        if (left.count() <= 0 || stop.stop_requested()) {
            end.timed_out = true;
            break;
        }
        std::array<pollfd, 3> waiting{{{.fd = child.handle(), .events = POLLIN, .revents = 0},
                                       {.fd = out.read.get(), .events = POLLIN, .revents = 0},
                                       {.fd = in.write.get(), .events = POLLOUT, .revents = 0}}};
        const auto slice =
            std::clamp(left, std::chrono::milliseconds(1), child.handle() < 0 ? std::chrono::milliseconds(5) : kLook);
        if (::poll(waiting.data(), waiting.size(), static_cast<int>(slice.count())) <= 0) continue;
        if (waiting[1].revents != 0 && !drain(out.read, end.output, task.output_bytes)) out.read.reset();
        if (waiting[2].revents != 0) feed(in.write, rest, end.input_taken);
    }
    const timespec none{};
    sigtimedwait(&pipe_signal, nullptr, &none);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    const int status = child.reap();
    // What a finished program left in the pipe; one that goes on in another session may hold it open.
    for (int i = 0; i < 64 && out.read && drain(out.read, end.output, task.output_bytes); ++i) {
        pollfd more{.fd = out.read.get(), .events = POLLIN, .revents = 0};
        if (::poll(&more, 1, 0) <= 0) break;
    }
    if (WIFEXITED(status) && !end.timed_out) end.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    return end;
}

}  // namespace plimsoll::host
