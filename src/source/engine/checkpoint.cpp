#include "source/engine/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "host/fd.h"
#include "host/system_error.h"

namespace plimsoll::source {

namespace {

using Tree = nlohmann::json;

constexpr int kVersion = 1;

Tree tree_of(const ExecSession& session) {
    return {{"id", session.id},           {"container", session.container},
            {"command", session.command}, {"masked", session.masked},
            {"user", session.user},       {"unread", session.unread},
            {"tty", session.tty},         {"privileged", session.privileged},
            {"health", session.health},   {"pid", session.pid},
            {"vpid", session.vpid},       {"created", session.created},
            {"started", session.started}};
}

ExecSession session_of(const Json& from) {
    ExecSession out;
    out.id = from["id"].text_or("");
    out.container = from["container"].text_or("");
    out.command = from["command"].text_or("");
    from["masked"].each([&](Json rule) { out.masked.emplace_back(rule.text_or("")); });
    out.user = from["user"].text_or("");
    out.unread = from["unread"].text_or("");
    out.tty = from["tty"].truth_or(false);
    out.privileged = from["privileged"].truth_or(false);
    out.health = from["health"].truth_or(false);
    out.pid = from["pid"].integer().value_or(0);
    out.vpid = from["vpid"].integer().value_or(0);
    out.created = from["created"].integer().value_or(0);
    out.started = from["started"].integer().value_or(0);
    return out;
}

template <typename Pairs>
Tree object_of(const Pairs& pairs) {
    Tree out = Tree::object();
    for (const auto& [name, value] : pairs) out[name] = value;
    return out;
}

std::map<std::string, std::string, std::less<>> pairs_of(const Json& from) {
    std::map<std::string, std::string, std::less<>> out;
    from.each_member([&](std::string_view name, Json value) { out.emplace(name, value.text_or("")); });
    return out;
}

}  // namespace

bool SeenEvents::add(std::uint64_t fingerprint) {
    if (!set_.insert(fingerprint).second) return false;
    order_.push_back(fingerprint);
    if (order_.size() > kMost) {
        set_.erase(order_.front());
        order_.pop_front();
    }
    return true;
}

std::string to_text(const Checkpoint& checkpoint) {
    Tree out = {{"version", kVersion},
                {"engine", checkpoint.engine_id},
                {"last", checkpoint.last},
                {"known_until", checkpoint.known_until}};
    Tree& seen = out["seen"] = Tree::array();
    for (const std::uint64_t fingerprint : checkpoint.seen.all())
        seen.push_back(static_cast<std::int64_t>(fingerprint));
    if (!checkpoint.told.empty()) {
        Tree& containers = out["containers"] = Tree::array();
        for (const auto& [id, container] : checkpoint.told.containers()) {
            if (!container.record) continue;
            containers.push_back({{"name", container.name},
                                  {"running", container.running},
                                  {"started", container.started},
                                  {"snapshot", container.record->snapshot}});
        }
        out["images"] = object_of(checkpoint.told.images());
        out["networks"] = object_of(checkpoint.told.networks());
        out["volumes"] = checkpoint.told.volumes();
    }
    Tree& sessions = out["sessions"] = Tree::array();
    for (const ExecSession& session : checkpoint.sessions) sessions.push_back(tree_of(session));
    return out.dump(-1, ' ', false, Tree::error_handler_t::replace);
}

Result<Checkpoint> parse_checkpoint(std::string_view text, std::string_view engine) {
    TRY(const JsonDocument document, JsonDocument::parse(text));
    const Json root = document.root();
    if (root["version"].integer() != kVersion) return Error{"a state of another version"};
    Checkpoint out;
    out.engine_id = root["engine"].text_or("");
    out.last = root["last"].integer().value_or(0);
    out.known_until = root["known_until"].integer().value_or(0);
    root["seen"].each([&](Json one) { out.seen.add(static_cast<std::uint64_t>(one.integer().value_or(0))); });
    if (root["containers"].is_array()) {
        std::set<std::string, std::less<>> volumes;
        root["volumes"].each([&](Json name) { volumes.emplace(name.text_or("")); });
        out.told.restore(pairs_of(root["images"]), pairs_of(root["networks"]), std::move(volumes));
        root["containers"].each([&](Json one) {
            auto record = container_record(one["snapshot"].text_or(""), engine, {});
            if (!record) return;
            const std::string id = record->id;
            out.told.restore(id, {.record = std::move(record),
                                  .name = std::string(one["name"].text_or("")),
                                  .running = one["running"].truth_or(false),
                                  .started = one["started"].integer().value_or(0)});
        });
    }
    root["sessions"].each([&](Json one) { out.sessions.push_back(session_of(one)); });
    return out;
}

Result<bool> write_atomically(const std::string& path, std::string_view text) {
    const std::string fresh = path + ".new";
    const host::Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return host::system_error("writing", fresh);
    while (!text.empty()) {
        const ssize_t written = ::write(file.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return host::system_error("writing", fresh);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return host::system_error("syncing", fresh);
    if (std::rename(fresh.c_str(), path.c_str()) != 0) return host::system_error("renaming to", path);
    return true;
}

}  // namespace plimsoll::source
