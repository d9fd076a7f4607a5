// Falco's own recorded events (data/falco-cases/event_corpus.jsonl): every field that they have is answered here, and
// an event put together from what Falco tells of it reads the same again.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "base/json.h"
#include "base/text.h"
#include "sensor/calls.h"
#include "sensor/kernel_event.h"
#include "sensor/names_flags.h"
#include "sensor/process_table.h"
#include "sensor/test_events.h"
#include "sensor/test_fields.h"

namespace plimsoll::sensor {
namespace {

using Fields = std::map<std::string, std::string, std::less<>>;

std::vector<Fields> corpus() {
    std::ifstream in(std::filesystem::path(PLIMSOLL_SHARED_DIR) / "data/falco-cases/event_corpus.jsonl");
    std::vector<Fields> out;
    for (std::string line; std::getline(in, line);) {
        const auto parsed = JsonDocument::parse(line);
        check(parsed.has_value());
        Fields& fields = out.emplace_back();
        parsed->root()["fields"].each_member(
            [&](std::string_view name, const Json& value) { fields[std::string(name)] = value.text_or(""); });
    }
    return out;
}

std::string_view get(const Fields& fields, std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::int64_t number(std::string_view text, int base = 10) {
    std::int64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out, base);
    return out;
}

/// The bits whose writing gives the text: found by trying each.
std::uint64_t bits_of(std::string_view text, void (*write)(std::uint64_t, std::string&)) {
    std::uint64_t out = 0;
    for (const std::string_view name : split(text, '|')) {
        for (unsigned bit = 0; bit < 32; ++bit) {
            std::string written;
            write(1ULL << bit, written);
            if (written == name) out |= 1ULL << bit;
        }
    }
    return out;
}

std::uint64_t open_bits(std::string_view text) {
    const std::map<std::string_view, std::uint64_t> kBits = {
        {"O_DIRECTORY", O_DIRECTORY}, {"O_TRUNC", O_TRUNC},   {"O_SYNC", O_SYNC},       {"O_NONBLOCK", O_NONBLOCK},
        {"O_EXCL", O_EXCL},           {"O_DSYNC", O_DSYNC},   {"O_APPEND", O_APPEND},   {"O_CREAT", O_CREAT},
        {"O_RDWR", O_RDWR},           {"O_WRONLY", O_WRONLY}, {"O_CLOEXEC", O_CLOEXEC}, {"O_LARGEFILE", 0100000}};
    std::uint64_t out = 0;
    for (const std::string_view name : split(text, '|'))
        if (const auto bit = kBits.find(name); bit != kBits.end()) out |= bit->second;
    return out;
}

std::uint64_t capability_bits(std::string_view text) {
    std::uint64_t out = 0;
    for (unsigned bit = 0; bit < 64; ++bit) {
        std::string name;
        write_capabilities(1ULL << bit, name);
        if (!name.empty() && (" " + std::string(text) + " ").find(" " + name + " ") != std::string::npos)
            out |= 1ULL << bit;
    }
    return out;
}

/// Number of a call by its name on x86-64.
std::optional<std::uint16_t> call_number(std::string_view name) {
    for (std::uint16_t number = 0; number < 468; ++number)
        if (call_name(number) == name) return number;
    return std::nullopt;
}

/// Where this differs from Falco on purpose: docs/falco-differences.md.
std::string expected(std::string_view field, const Fields& fields) {
    std::string falco(get(fields, field));
    const std::string_view type = get(fields, "evt.type");
    if (field == "evt.arg.flags" && type.starts_with("open")) {
        if (const auto at = falco.find("|O_TMPFILE"); at != std::string::npos)  // of every O_DIRECTORY, with Falco
            falco.erase(at, std::string_view("|O_TMPFILE").size());
    }
    if (field == "evt.arg.flags" && type == "accept4") return "O_NONBLOCK|O_CLOEXEC";  // Falco: a number of its own
    if (field == "fd.name" && get(fields, "fd.typechar") == "u") {  // no addresses of the kernel's memory
        if (const auto blank = falco.find(' '); blank != std::string::npos) return falco.substr(blank + 1);
    }
    if (falco == "<NA>" && field == "evt.arg.uid")
        return std::string(get(fields, "user.uid"));  // a number without name
    return falco;
}

class Corpus : public testing::Test {
protected:
    static constexpr std::uint64_t kStart = 1'000'000'000;

    /// The process and the ancestors that Falco tells of it, then the event.
    void tell(const Fields& f) {
        base_ += 20;
        const auto ancestor = [&](std::uint32_t pid, std::uint32_t parent, std::string_view name, std::string_view exe,
                                  std::string_view cmdline) {
            table.take(TestEvent(WIRE_FORK).of(pid, 1).at(1).child_of(parent, 1).raw());
            TestEvent exec(WIRE_EXEC);
            exec.of(pid, 1).at(2).name(name).child_of(parent, 1).text(WIRE_EXE, exe);
            std::string argv(exe);
            argv += '\0';
            if (cmdline.size() > name.size()) argv.append(cmdline.substr(name.size() + 1)).append(1, '\0');
            table.take(exec.text(WIRE_ARGV, argv).raw());
        };
        std::uint32_t parent = base_;
        for (int n = 7; n >= 1; --n) {
            const std::string at = "[" + std::to_string(n) + "]";
            if (get(f, "proc.aname" + at).empty()) continue;
            ancestor(parent + 1, parent, get(f, "proc.aname" + at), get(f, "proc.aexe" + at),
                     n == 1 ? get(f, "proc.pcmdline") : get(f, "proc.aname" + at));
            ++parent;
        }
        TestEvent fork(WIRE_FORK);
        table.take(fork.of(base_ + 19, kStart).at(kStart).child_of(parent, 1).raw());
        exec_ = TestEvent(WIRE_EXEC);
        exec_.of(base_ + 19, kStart).at(kStart + static_cast<std::uint64_t>(number(get(f, "proc.duration"))));
        exec_.name(get(f, "proc.name")).child_of(parent, 1);
        exec_.as(static_cast<std::uint32_t>(number(get(f, "user.uid"))),
                 static_cast<std::uint32_t>(number(get(f, "user.loginuid"))));
        exec_.credentials().effective = capability_bits(get(f, "thread.cap_effective"));
        exec_.credentials().permitted = capability_bits(get(f, "thread.cap_permitted"));
        exec_.task().tty = static_cast<std::uint32_t>(number(get(f, "proc.tty")));
        exec_.task().ns_pid = static_cast<std::uint32_t>(number(get(f, "proc.vpid")));
        exec_.task().ns_group = exec_.task().ns_pid + (get(f, "proc.is_vpgid_leader") == "true" ? 0 : 1);
        std::string argv(get(f, "proc.exe"));
        argv += '\0';
        if (!get(f, "proc.args").empty()) argv.append(get(f, "proc.args")).append(1, '\0');
        exec_.text(WIRE_EXE, get(f, "proc.exepath")).text(WIRE_CWD, get(f, "proc.cwd")).text(WIRE_ARGV, argv);
        exec_.text(WIRE_NAME, get(f, "evt.arg.filename"));
        const std::string_view flags = get(f, "evt.arg.flags");
        const bool upper = get(f, "proc.is_exe_upper_layer") == "true";
        exec_.wire_file().layer = upper                                     ? WIRE_UPPER
                                  : flags.find("LOWER_LAYER") != flags.npos ? WIRE_LOWER
                                                                            : WIRE_NO_OVERLAY;
        exec_.wire_file().mode = S_IFREG | 0777;
        if (get(f, "evt.type") == "execve" && get(f, "evt.rawres") == "0") return see(exec_);
        table.take(exec_.raw());
        see(of_call(f));
    }

    TestEvent of_call(const Fields& f) {
        const auto call = call_number(get(f, "evt.type"));
        check(call.has_value());
        TestEvent out(WIRE_CALL);
        const std::int64_t result = number(get(f, "evt.rawres"));
        out.of(base_ + 19, kStart).at(exec_.head().time).call(*call, result);
        out.head().euid = static_cast<std::uint32_t>(number(get(f, "user.uid")));
        const std::string_view flags = get(f, "evt.arg.flags");
        const std::int64_t fd = number(get(f, "fd.num"));
        const auto path = [&](std::string_view name) {
            if (!get(f, name).empty()) out.text(WIRE_NAME, get(f, name)).text(WIRE_PATH, get(f, name));
        };
        switch (*call) {
            case SYS_openat:
            case SYS_openat2:
                out.arguments(
                    {AT_FDCWD, 0, static_cast<std::int64_t>(open_bits(flags)), number(get(f, "evt.arg.mode"), 8)});
                out.text(WIRE_NAME,
                         get(f, "fd.nameraw").starts_with('/') ? get(f, "evt.arg.name") : get(f, "fd.nameraw"));
                if (!get(f, "fd.nameraw").starts_with('/')) {  // below a folder's descriptor
                    const std::string_view whole = get(f, "evt.arg.name");
                    out.text(WIRE_CWD,
                             whole.substr(0, whole.size() - std::min(whole.size(), get(f, "fd.nameraw").size())));
                }
                break;
            case SYS_execve: out.text(WIRE_NAME, get(f, "evt.arg.filename")); break;
            case SYS_unlinkat:
                out.arguments({fd, 0, static_cast<std::int64_t>(bits_of(flags, write_unlink_flags))});
                path("evt.arg.name");
                break;
            case SYS_mkdir:
                out.arguments({0, number(get(f, "evt.arg.mode"), 16)});
                path("evt.arg.path");
                break;
            case SYS_mkdirat:
                out.arguments({fd, 0, number(get(f, "evt.arg.mode"), 16)});
                path("evt.arg.path");
                break;
            case SYS_rmdir:
            case SYS_unlink: path("evt.arg.path"); break;
            case SYS_rename:
            case SYS_renameat:
            case SYS_renameat2:
                out.arguments({0, 0, 0, 0, static_cast<std::int64_t>(bits_of(flags, write_rename_flags))});
                path("evt.arg.oldpath");
                out.text(WIRE_NAME2, get(f, "evt.arg.newpath"));
                break;
            case SYS_symlinkat: out.arguments({0, fd, 0}).text(WIRE_NAME2, get(f, "evt.arg.target")); break;
            case SYS_chmod:
                out.arguments({0, mode(f)});
                path("evt.arg.filename");
                break;
            case SYS_fchmod: out.arguments({fd, mode(f)}); break;
            case SYS_fchmodat:
                out.arguments({fd, 0, mode(f)});
                path("evt.arg.filename");
                break;
            case SYS_socket: {
                const std::string_view domain = get(f, "evt.arg.domain");
                const int family = domain == "AF_INET" ? AF_INET : domain.ends_with("NETLINK") ? AF_NETLINK : AF_UNIX;
                out.arguments({family, SOCK_STREAM | static_cast<std::int64_t>(bits_of(flags, write_socket_flags)), 0});
                break;
            }
            case SYS_dup3:
                out.arguments({9, result, static_cast<std::int64_t>(bits_of(flags, write_dup_flags))});
                break;
            case SYS_unshare: out.arguments({static_cast<std::int64_t>(bits_of(flags, write_clone_flags))}); break;
            case SYS_setuid: out.arguments({get(f, "evt.arg.uid") == "root" ? 0 : number(get(f, "user.uid"))}); break;
            case SYS_accept4: out.arguments({3, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC}); break;
            default: out.arguments({fd}); break;
        }
        descriptor(f, out, result);
        if (!get(f, "evt.buffer").empty()) out.text(WIRE_DATA, get(f, "evt.buffer"));
        return out;
    }

    static std::int64_t mode(const Fields& f) {
        return static_cast<std::int64_t>(bits_of(get(f, "evt.arg.mode"), write_mode));
    }

    static void descriptor(const Fields& f, TestEvent& out, std::int64_t result) {
        const std::string_view letter = get(f, "fd.typechar");
        const std::string type(get(f, "evt.type"));
        const bool opens = type.starts_with("open");
        if (!opens && type.ends_with("at")) return;  // the event's descriptor is another file's
        if (letter == "u" || letter == "n" || letter == "4") {
            const int family = letter == "u" ? AF_UNIX : letter == "n" ? AF_NETLINK : AF_INET;
            out.socket(family, SOCK_STREAM, "", 0, "", 0);
            if (letter == "u") out.text(WIRE_ADDRESS, expected("fd.name", f));
        } else if (letter == "p") {
            out.wire_file().mode = S_IFIFO;
            out.wire_file().filesystem = 0x50495045;
        } else if ((letter == "f" || letter == "d") && (!opens || result >= 0)) {
            out.file(get(f, "fd.name"), letter == "d" ? S_IFDIR | 0755 : S_IFREG | 0644);
            const std::string_view flags = get(f, "evt.arg.flags");
            out.wire_file().open_flags = static_cast<wire_u32>(open_bits(flags));
            out.wire_file().created = flags.find("O_F_CREATED") != flags.npos ? 1 : 0;
            out.wire_file().layer = flags.find("FD_UPPER") != flags.npos   ? WIRE_UPPER
                                    : flags.find("FD_LOWER") != flags.npos ? WIRE_LOWER
                                                                           : WIRE_NO_OVERLAY;
            if (!opens) out.text(WIRE_NAME, get(f, "fd.nameraw"));
        }
    }

    void see(TestEvent event) {
        seen_ = std::move(event);
        const RawEvent raw = seen_.raw();
        event_.start(raw, table.take(raw), ++count_);
    }

    std::uint32_t base_ = 1000;  ///< each event has processes of its own
    TestContainers containers;
    ProcessTable table{containers, {.remembered = 0}};
    Users users;
    Surroundings surroundings{0, "host1", &users, nullptr};
    TestEvent exec_{WIRE_EXEC};
    TestEvent seen_{WIRE_CALL};
    std::uint64_t count_ = 0;
    KernelEvent event_{surroundings};
};

TEST_F(Corpus, EventsThatArePutTogetherFromFalcosFieldsReadTheSame) {
    // What the recording does not hold, or tells of the machine and not of the event.
    const std::set<std::string, std::less<>> kLeftOut = {
        "evt.num", "container.id", "proc.env", "user.name", "container.image.repository", "container.privileged"};
    std::size_t events = 0;
    std::size_t compared = 0;
    std::map<std::string, std::size_t> differing;
    const auto all = corpus();
    if (all.empty()) GTEST_SKIP() << "the recorded events are not here";
    for (const Fields& fields : all) {
        const std::string_view type = get(fields, "evt.type");
        if (type.starts_with("container")) continue;  // Falco's own announcement of containers: the engine's event here
        tell(fields);
        ++events;
        const bool failed_descriptor =
            get(fields, "fd.num") == "-1" || get(fields, "fd.typechar") == "o" || type.ends_with("at");
        for (const auto& [name, falco] : fields) {
            if (kLeftOut.contains(name) || name.starts_with("container.mount")) continue;
            // Of calls below a folder's descriptor Falco tells that descriptor, and of a failed call what is left over.
            if (failed_descriptor && name.starts_with("fd.") && !type.starts_with("open") &&
                (name != "fd.num" || get(fields, "fd.typechar") == "o"))
                continue;
            if (name == "evt.arg.uid" && falco == "<NA>") continue;  // Falco had no accounts of that container
            if (name.starts_with("evt.is_open") && falco == "false" && type == "execve") continue;
            const std::string wanted = expected(name, fields);
            const std::string found = field_text(event_, name);
            ++compared;
            if (found == wanted || (found == "<NA>" && wanted.empty())) continue;
            if (++differing[name + " of " + std::string(type)] == 1)
                ADD_FAILURE() << name << " of " << type << ": '" << found << "', Falco: '" << wanted << "'  ("
                              << get(fields, "proc.cmdline") << ", " << get(fields, "fd.name") << ")";
        }
    }
    EXPECT_GT(events, 900U);
    EXPECT_GT(compared, 30'000U);
    for (const auto& [name, times] : differing) ADD_FAILURE() << name << ": " << times << " times";
}

}  // namespace
}  // namespace plimsoll::sensor
