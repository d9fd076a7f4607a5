#include "source/container_log_source.h"

#include <gtest/gtest.h>

#include <thread>

namespace plimsoll::source {
namespace {

struct NoOutlet final : Outlet {
    bool put(model::Event) override { return true; }
    bool offer(model::Event) override { return true; }
};

/// The first status that `wanted` takes.
template <typename Wanted>
SourceStatus eventually(const ContainerLogSource& source, Wanted wanted) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!wanted(source.status()) && std::chrono::steady_clock::now() < give_up)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return source.status();
}

TEST(ContainerLogSource, NothingToFollowIsNoFaultAndAnEngineThatIsAwayIsOne) {
    const auto inventory = std::make_shared<Inventory>();
    ContainerLogSource source({.inventory = inventory, .names = {"nothing*"}});
    EXPECT_FALSE(source.status().fault.empty());
    NoOutlet outlet;
    const std::jthread thread([&](const std::stop_token& stop) { source.run(outlet, stop); });
    const auto away = [](const SourceStatus& status) { return status.fault.find("not asked") != std::string::npos; };
    EXPECT_FALSE(eventually(source, away).connected);
    inventory->set_doubt("");
    const SourceStatus calm = eventually(source, [](const SourceStatus& status) { return status.connected; });
    EXPECT_TRUE(calm.connected);
    EXPECT_EQ(calm.fault, "");
    EXPECT_EQ(calm.note, "no running container matches the selection");
}

}  // namespace
}  // namespace plimsoll::source
