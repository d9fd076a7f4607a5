#include "source/resource/resource_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "host/temporary_tree.h"
#include "source/resource/inventory_directory.h"

namespace plimsoll::source {
namespace {

using testing::HasSubstr;

const std::string kId(64, 'a');
constexpr std::chrono::seconds kLong{20};

/// A version 2 host on which one container runs.
struct OneContainer : host::TemporaryTree {
    std::string directory = "/sys/fs/cgroup/docker/" + kId;

    OneContainer() {
        write("/proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        write("/proc/1/ns/net", "");
        write("/proc/77/ns/net", "");
        write("/proc/77/cgroup", "0::/docker/" + kId + "\n");
        write("/proc/77/net/dev", "h\nh\neth0: 100 0 0 0 0 0 0 0 200 0\n");
        write(directory + "/cgroup.procs", "77\n");
        write(directory + "/pids.current", "3\n");
        cpu(1000);
    }
    void cpu(std::uint64_t microseconds) const {
        write(directory + "/cpu.stat", "usage_usec " + std::to_string(microseconds) + "\nthrottled_usec 0\n");
    }
};

struct FakeDirectory final : ContainerDirectory {
    Result<std::vector<ContainerEntry>> answer = std::vector<ContainerEntry>{};
    std::string why_doubted;
    [[nodiscard]] Result<std::vector<ContainerEntry>> running() const override { return answer; }
    [[nodiscard]] std::string doubt() const override { return why_doubted; }
};

/// Keeps what it is given; a full one takes nothing.
struct FakeOutlet final : Outlet {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<model::Event> events;
    bool full = false;

    bool put(model::Event event) override { return offer(std::move(event)); }
    bool offer(model::Event event) override {
        const std::lock_guard lock(mutex);
        if (full) return false;
        events.push_back(std::move(event));
        changed.notify_all();
        return true;
    }
    void wait_for(std::size_t count) {
        std::unique_lock lock(mutex);
        EXPECT_TRUE(changed.wait_for(lock, kLong, [&] { return events.size() >= count; }));
    }
};

TEST(Sampler, ContainersAreFoundByTheirCgroupsWhenNoEngineTells) {
    const OneContainer tree;
    FakeDirectory directory;
    directory.answer = Error{"nobody answers"};
    auto sampler = Sampler::open(&directory, tree.root());
    ASSERT_TRUE(sampler) << sampler.error().message;
    const Samples samples = sampler->sample();
    ASSERT_EQ(samples.containers.size(), 1U);
    EXPECT_EQ(samples.containers.front().container.id, kId);
    EXPECT_EQ(samples.containers.front().container.name, kId);
    EXPECT_EQ(samples.containers.front().usage.net_sent.value, 200U);
    EXPECT_EQ(samples.discovered, "nobody answers");
    EXPECT_EQ(samples.host.container.id, "host");
}

TEST(Sampler, PercentComesFromTwoSamples) {
    const OneContainer tree;
    auto sampler = Sampler::open(nullptr, tree.root());
    EXPECT_EQ(sampler->sample().containers.front().cpu_percent.value, std::nullopt);
    tree.cpu(2000);
    EXPECT_GT(sampler->sample().containers.front().cpu_percent.value.value_or(0), 0.0);

    host::Usage before{.taken = 1'000'000'000}, after{.taken = 3'000'000'000};
    before.cpu.value = 500'000'000;
    after.cpu.value = 1'500'000'000;
    EXPECT_EQ(cpu_percent(before, after).value, 50.0);
    EXPECT_THAT(cpu_percent(after, before).reason, HasSubstr("backwards"));
    EXPECT_EQ(cpu_percent(std::nullopt, after).value, std::nullopt);
}

TEST(Sampler, TheDirectorysNamesAndTheCgroupItDoesNotKnow) {
    const OneContainer tree;
    FakeDirectory directory;
    directory.answer->push_back({kId, "web", "bb:1.0", 0, {}, {}});
    directory.answer->push_back({std::string(64, 'b'), "ended", "bb:1.0", 0, {}, {}});
    auto sampler = Sampler::open(&directory, tree.root());
    const Samples samples = sampler->sample();
    ASSERT_EQ(samples.containers.size(), 1U);
    const model::Event event = to_event(samples.containers.front(), 5);
    EXPECT_EQ(event.time(), 5);
    EXPECT_EQ(event.text("record.kind"), "sample");
    EXPECT_EQ(event.text("container.id"), std::string_view(kId).substr(0, 12));
    EXPECT_EQ(event.text("container.full_id"), kId);
    EXPECT_EQ(event.text("container.name"), "web");
    EXPECT_EQ(event.number("usage.cpu.ns"), 1'000'000U);
    EXPECT_EQ(event.number("usage.pids"), 3U);
    const model::Reading io = event.read(model::FieldKey("usage.io.read").id(), {});
    EXPECT_EQ(io.state, model::Reading::State::unknown);
    EXPECT_THAT(io.reason, HasSubstr("io.stat"));
    ASSERT_EQ(samples.faults.size(), 1U);
    EXPECT_THAT(samples.faults.front(), HasSubstr("ended"));
}

TEST(Sampler, WhileTheEngineIsAwayCgroupsTellWhatRunsAndTheNameIsUnknownWithTheReason) {
    const OneContainer tree;
    FakeDirectory directory;
    directory.answer->push_back({std::string(64, 'b'), "ended", "bb:1.0", 0, {}, {}});
    auto sampler = Sampler::open(&directory, tree.root());
    EXPECT_TRUE(sampler->sample().containers.empty()) << "a container that no event told of yet";
    directory.why_doubted = "the engine is down";
    Samples samples = sampler->sample();
    EXPECT_TRUE(samples.faults.empty()) << samples.faults.front() << ": what has no cgroup has ended";
    ASSERT_EQ(samples.containers.size(), 1U);
    model::Event event = to_event(samples.containers.front(), 5);
    EXPECT_EQ(event.text("container.full_id"), kId);
    const model::Reading name = event.read(model::FieldKey("container.name").id(), {});
    EXPECT_EQ(name.state, model::Reading::State::unknown);
    EXPECT_EQ(name.reason, "the engine is down");
    directory.why_doubted.clear();
    directory.answer->push_back({kId, "web", "bb:1.0", 0, {}, {}});
    EXPECT_EQ(to_event(sampler->sample().containers.front(), 5).text("container.name"), "web");
}

TEST(InventoryDirectory, DoubtsWhileAnyEngineDoes) {
    Inventory one, other;
    const InventoryDirectory directory({&one, &other});
    EXPECT_EQ(directory.doubt(), "") << "no engine was asked yet";
    one.set_doubt("");
    other.set_doubt("connection refused");
    EXPECT_EQ(directory.doubt(), "connection refused");
    other.set_doubt("");
    EXPECT_EQ(directory.doubt(), "");
}

TEST(ResourceSource, SamplesUntilStopped) {
    const OneContainer tree;
    ResourceSource source({std::chrono::milliseconds(5), tree.root()}, nullptr);
    FakeOutlet outlet;
    {
        std::jthread thread([&](const std::stop_token& stop) { source.run(outlet, stop); });
        outlet.wait_for(6);
    }
    EXPECT_EQ(outlet.events[0].text("container.full_id"), kId);
    EXPECT_EQ(outlet.events[1].text("container.id"), "host");
    EXPECT_EQ(outlet.events[1].text("evt.source"), "resource");
    EXPECT_EQ(outlet.events[1].text("evt.type"), "sample");
    EXPECT_TRUE(source.status().connected);
    EXPECT_EQ(source.status().events, outlet.events.size());
}

TEST(ResourceSource, WhatAFullQueueRefusesIsCountedAndReported) {
    const OneContainer tree;
    ResourceSource source({std::chrono::milliseconds(5), tree.root()}, nullptr);
    FakeOutlet outlet;
    outlet.full = true;
    {
        std::jthread thread([&](const std::stop_token& stop) { source.run(outlet, stop); });
        while (source.status().lost < 4) std::this_thread::yield();
        {
            const std::lock_guard lock(outlet.mutex);
            outlet.full = false;
        }
        outlet.wait_for(1);
    }
    EXPECT_EQ(outlet.events.front().text("record.kind"), "loss");
    EXPECT_EQ(outlet.events.front().text("loss.what"), "samples");
    EXPECT_GE(outlet.events.front().number("loss.count"), 4U);
}

TEST(ResourceSource, AHostWithoutCgroupsIsAFaultAndNotSilence) {
    const host::TemporaryTree tree;
    tree.write("/proc/self/mountinfo", "");
    ResourceSource source({std::chrono::milliseconds(5), tree.root()}, nullptr);
    FakeOutlet outlet;
    std::jthread thread([&](const std::stop_token& stop) { source.run(outlet, stop); });
    while (source.status().fault.empty()) std::this_thread::yield();
    EXPECT_THAT(source.status().fault, HasSubstr("no cgroup hierarchy"));
    EXPECT_FALSE(source.status().connected);
}

}  // namespace
}  // namespace plimsoll::source
