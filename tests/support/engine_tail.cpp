// Prints what the engine's sources see as JSON lines, until a line or the end of standard input: for end-to-end tests
// of the sources alone.
//
//   engine_tail --host unix:///PATH [--state FILE] [--logs GLOB]… [--log-rate N] [--daemon-log FILE] [--journal FOLDER]

#include <fmt/format.h>

#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "source/container_log_source.h"
#include "source/engine/engine_source.h"
#include "source/journal/daemon_log_source.h"

namespace {

using namespace plimsoll;
using Tree = nlohmann::json;

Tree tree_of(const model::Value& value) {
    return std::visit(
        [](const auto& held) -> Tree {
            using Held = std::decay_t<decltype(held)>;
            if constexpr (std::is_same_v<Held, bool> || std::is_arithmetic_v<Held>)
                return held;
            else if constexpr (std::is_same_v<Held, std::string_view>)
                return std::string(held);
            else
                return "?";
        },
        value);
}

class Printer final : public source::Outlet {
public:
    bool put(model::Event event) override {
        Tree out = Tree::object();
        out["time"] = event.time();
        for (const model::Event::Slot& slot : event.slots()) {
            std::string name(model::field(slot.field).name);
            if (!slot.key.empty()) name += "[" + std::string(slot.key) + "]";
            if (slot.state == model::Reading::State::unknown) {
                out["unknown"][name] = std::string(slot.reason);
                continue;
            }
            Tree values = Tree::array();
            for (const model::Value& value : event.values(slot)) values.push_back(tree_of(value));
            out[name] = !model::field(slot.field).list && values.size() == 1 ? values[0] : values;
        }
        const std::string line = out.dump(-1, ' ', false, Tree::error_handler_t::replace) + "\n";
        const std::lock_guard lock(mutex_);
        std::fwrite(line.data(), 1, line.size(), stdout);
        std::fflush(stdout);
        return true;
    }
    bool offer(model::Event event) override { return put(std::move(event)); }

private:
    std::mutex mutex_;
};

}  // namespace

int main(int count, char** words) {
    source::EngineOptions options;
    source::ContainerLogOptions logs;
    source::DaemonLogOptions daemon;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string_view name = words[i];
        const std::string value = words[i + 1];
        if (name == "--host") {
            const auto endpoint = host::parse_endpoint(value);
            if (!endpoint) return fmt::print(stderr, "{}\n", endpoint.error().message), 2;
            options.endpoint = *endpoint;
        } else if (name == "--state") {
            options.state_file = value;
        } else if (name == "--logs") {
            logs.names.push_back(value);
        } else if (name == "--log-rate") {
            logs.lines_per_second = static_cast<std::uint32_t>(std::stoul(value));
        } else if (name == "--daemon-log") {
            daemon.file = value;
        } else if (name == "--journal") {
            daemon.journal_folder = value;
            daemon.units.clear();  // a journal of the test alone
        } else {
            return fmt::print(stderr, "unknown option {}\n", name), 2;
        }
    }
    Printer printer;
    std::vector<std::unique_ptr<source::Source>> sources;
    logs.endpoint = options.endpoint;
    auto engine = std::make_unique<source::EngineSource>(std::move(options));
    logs.inventory = engine->inventory();
    sources.push_back(std::move(engine));
    if (!logs.names.empty()) sources.push_back(std::make_unique<source::ContainerLogSource>(std::move(logs)));
    if (!daemon.file.empty() || !daemon.journal_folder.empty())
        sources.push_back(std::make_unique<source::DaemonLogSource>(std::move(daemon)));
    std::vector<std::jthread> threads;
    for (const auto& source : sources) {
        threads.emplace_back([&printer, &source](const std::stop_token& stop) { source->run(printer, stop); });
    }
    while (true) {
        const int c = std::getchar();
        if (c == EOF || c == 'q') break;
        for (const auto& source : sources) {
            const source::SourceStatus status = source->status();
            fmt::print(stderr, "{}: connected={} events={} lost={} malformed={} fault={}\n", status.name,
                       status.connected, status.events, status.lost, status.malformed, status.fault);
        }
    }
    for (std::jthread& thread : threads) thread.request_stop();
    threads.clear();
    return 0;
}
