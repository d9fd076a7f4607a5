#pragma once

// The kernel programs, a container for them to watch, and what they told: for tests.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/fd.h"
#include "sensor/kernel_programs.h"
#include "sensor/raw_event.h"
#include "sensor/rings.h"

namespace plimsoll::sensor {

using model::FileAct;
using model::KernelFilter;
using model::PathTest;
using testing::EndsWith;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

/// An event with bytes of its own.
struct Seen {
    explicit Seen(std::span<const std::byte> bytes) : words((bytes.size() + 7) / 8) {
        std::memcpy(words.data(), bytes.data(), bytes.size());
        EXPECT_TRUE(parse(std::as_bytes(std::span(words)).first(bytes.size()), raw));
    }
    Seen(Seen&&) = default;
    Seen(const Seen&) = delete;
    std::vector<std::uint64_t> words;
    RawEvent raw;

    [[nodiscard]] const WireEvent* operator->() const { return raw.head; }
    [[nodiscard]] std::string text(WireTag tag) const { return std::string(raw.string(tag)); }
};

inline std::string v2_root() {
    std::ifstream mounts("/proc/mounts");
    for (std::string device, place, type, rest; mounts >> device >> place >> type && std::getline(mounts, rest);)
        if (type == "cgroup2") return place;
    return {};
}

/// The id of this test's container, or of another one of it.
inline std::string test_container_id(char filled = 'a') {
    const std::string number = std::to_string(::getpid());
    return number + std::string(64 - number.size(), filled);
}

inline std::string test_container_folder(char filled = 'a') {
    return v2_root() + "/plimsoll-kernel-test-" + test_container_id(filled);
}

/// The programs in the kernel, and what they told: of this test's container alone, where there is one, since others may
/// run beside it.
class Sensor {
public:
    explicit Sensor(const model::KernelFilter& filter, const KernelSettings& settings = {.ring_bytes = 1U << 20U}) {
        auto loaded = KernelPrograms::load(settings, filter);
        if (!loaded) {
            ADD_FAILURE() << loaded.error().message;
            std::exit(1);
        }
        programs = std::move(*loaded);
        rings = std::move(*Rings::open(programs->rings()));
    }

    /// Everything that is told until it has been quiet for a moment.
    std::vector<Seen> all() {
        std::vector<Seen> seen;
        struct stat own {};
        const bool alone = ::stat(test_container_folder().c_str(), &own) == 0;
        const auto take = [&](std::span<const std::byte> bytes) {
            seen.emplace_back(bytes);
            if (alone && seen.back()->cgroup != own.st_ino) seen.pop_back();
        };
        // What is younger than a tenth of a millisecond is not handed over yet: quiet is a longer moment.
        for (int quiet = 0; quiet < 2;) {
            quiet = rings->drain(1U << 20U, take) > 0 ? 0 : quiet + 1;
            std::this_thread::sleep_for(std::chrono::milliseconds(quiet > 0 ? 2 : 0));
        }
        return seen;
    }

    std::unique_ptr<KernelPrograms> programs;
    std::unique_ptr<Rings> rings;
};

/// A cgroup named as containers' are, in which this test's children run; made with the first of them.
class TestContainer {
public:
    explicit TestContainer(char filled = 'a')
        : id_(test_container_id(filled)), folder_(test_container_folder(filled)) {}
    TestContainer(const TestContainer&) = delete;
    TestContainer& operator=(const TestContainer&) = delete;
    ~TestContainer() {
        std::error_code ignored;  // a cgroup that stays behind fails no test
        std::filesystem::remove(folder_, ignored);
    }

    /// Does it in a process of the container; what that process ended with.
    int run(const std::function<void()>& act) const {
        std::filesystem::create_directory(folder_);
        const pid_t child = ::fork();
        if (child == 0) {
            std::ofstream(folder_ + "/cgroup.procs") << ::getpid() << std::flush;
            act();
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    }
    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] const std::string& folder() const { return folder_; }
    /// As the wire numbers it: the version 2 hierarchy is the first.
    [[nodiscard]] std::uint64_t number() const {
        struct stat status {};
        EXPECT_EQ(::stat(folder_.c_str(), &status), 0);
        return status.st_ino;
    }

private:
    std::string id_;
    std::string folder_;
};

/// Those of one kind that are of containers.
inline std::vector<const Seen*> of_kind(const std::vector<Seen>& all, WireKind kind, std::optional<int> call = {}) {
    std::vector<const Seen*> found;
    for (const Seen& each : all)
        if (each->kind == kind && !each.raw.has(WIRE_HOST) && (!call || each->call == *call)) found.push_back(&each);
    return found;
}

inline std::vector<std::string> paths(const std::vector<Seen>& all, WireTag tag = WIRE_PATH) {
    std::vector<std::string> found;
    for (const Seen& each : all)
        if (each->kind == WIRE_CALL) found.push_back(each.text(tag));
    return found;
}

inline model::KernelFilter reading(std::initializer_list<model::PathTest> tests) {
    model::KernelFilter filter;
    filter.files[static_cast<std::size_t>(model::FileAct::read)].paths = tests;
    return filter;
}

inline void read_once(const char* path) {
    const host::Fd file(::open(path, O_RDONLY | O_CLOEXEC));
    char byte = 0;
    [[maybe_unused]] const auto ignored = ::read(file.get(), &byte, 1);
}

/// Tests with the real programs in the real kernel; skipped where they cannot be loaded.
class KernelProgramsTest : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string why = KernelPrograms::obstacle(); !why.empty()) GTEST_SKIP() << why;
        if (v2_root().empty()) GTEST_SKIP() << "no cgroups of version 2 are mounted";
        folder_ = std::filesystem::temp_directory_path() / ("plimsoll-kernel-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override {
        std::error_code ignored;
        if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
    }
    [[nodiscard]] std::string at(const std::string& name) const { return folder_ + "/" + name; }
    void write(const std::string& name, const std::string& text = "x") const { std::ofstream(at(name)) << text; }
    std::string folder_;
};

}  // namespace plimsoll::sensor
