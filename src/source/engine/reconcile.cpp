#include "source/engine/reconcile.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "source/engine/snapshot.h"

namespace plimsoll::source {

namespace {

using Difference = Told::Difference;
using Record = std::shared_ptr<const ContainerRecord>;

std::string first_tag(const ImageRecord& image) { return image.tags.empty() ? std::string() : image.tags.front(); }

class Comparison {
public:
    Comparison(const EngineState& real, const std::set<std::string, std::less<>>& touched)
        : real_(real), touched_(touched) {}

    void containers(const std::map<std::string, Told::Container, std::less<>>& told) {
        std::set<std::string_view> present;
        for (const Record& record : real_.containers) {
            present.insert(record->id);
            if (touched_.contains(record->id)) continue;
            const auto known = told.find(record->id);
            if (known == told.end())
                appeared(record);
            else
                changed(known->second, record);
        }
        for (const auto& [id, known] : told) {
            if (present.contains(id) || touched_.contains(id) || real_.unread.contains(id)) continue;
            add(0, "destroy", id, known.name, "was removed, nobody knows when", known.record, nullptr);
        }
    }

    template <typename Real, typename Known, typename NameOf, typename TimeOf>
    void things(const char* type, const char* gone, const Real& real, const Known& told, const NameOf& name_of,
                const TimeOf& time_of) {
        for (const auto& entry : real) {
            const std::string& id = entry.first;
            if (!told.contains(id) && !touched_.contains(id)) thing(time_of(entry), type, "create", id, name_of(id));
        }
        for (const auto& known : told) {
            std::string id;
            if constexpr (requires { known.first; })
                id = known.first;
            else
                id = known;
            if (!real.contains(id) && !touched_.contains(id)) thing(0, type, gone, id, name_of(id));
        }
    }

    std::vector<Difference> take() {
        std::ranges::stable_sort(out_, {}, [](const Difference& one) { return one.time == 0 ? INT64_MAX : one.time; });
        return std::move(out_);
    }

private:
    void add(Nanoseconds time, std::string action, const std::string& id, const std::string& name,
             std::string_view what, Record before, Record after) {
        out_.push_back({.time = time,
                        .type = "container",
                        .action = std::move(action),
                        .id = id,
                        .name = name,
                        .summary = fmt::format("found after a gap: container {} {}", printable(name), what),
                        .before = std::move(before),
                        .after = std::move(after)});
    }

    void thing(Nanoseconds time, const char* type, const char* action, const std::string& id, const std::string& name) {
        const bool made = std::string_view(action) == "create";
        out_.push_back({.time = time,
                        .type = type,
                        .action = action,
                        .id = id,
                        .name = name,
                        .summary = fmt::format("found after a gap: {} {} {}", type, printable(name.empty() ? id : name),
                                               made ? "is new" : "is gone")});
    }

    void appeared(const Record& record) {
        add(record->created, "create", record->id, record->name, "was created", nullptr, record);
        if (record->started > 0)
            add(record->started, "start", record->id, record->name, "was started", nullptr, record);
        if (record->started > 0 && !record->running)
            add(record->finished, "die", record->id, record->name, "stopped", nullptr, record);
    }

    void changed(const Told::Container& known, const Record& record) {
        if (known.name != record->name)
            add(0, "rename", record->id, record->name, "was called " + printable(known.name) + " before", known.record,
                record);
        const bool restarted = record->started != known.started && record->started > 0;
        if (restarted) {
            const bool again = known.running && record->running;
            add(record->started, again ? "restart" : "start", record->id, record->name,
                again ? "was restarted" : "was started", nullptr, record);
        }
        if (!record->running && (known.running || restarted))
            add(record->finished, "die", record->id, record->name,
                fmt::format("stopped with exit code {}", record->exit_code), nullptr, record);
        if (!known.record) return;
        std::vector<std::string> paths = changes(known.record->snapshot, record->snapshot).paths;
        std::erase_if(paths, [](const std::string& path) {  // renamed is told above; addresses come with each start
            return path.starts_with("Name:") || path.starts_with("NetworkSettings.");
        });
        if (!paths.empty())
            add(0, "update", record->id, record->name, "has other settings: " + printable(bounded(paths.front(), 200)),
                known.record, record);
    }

    const EngineState& real_;
    const std::set<std::string, std::less<>>& touched_;
    std::vector<Difference> out_;
};

}  // namespace

void Told::set(const EngineState& state) {
    known_ = true;
    containers_.clear();
    for (const Record& record : state.containers) {
        containers_[record->id] = {
            .record = record, .name = record->name, .running = record->running, .started = record->started};
    }
    set_images(state.images);
    networks_ = state.networks;
    volumes_.clear();
    for (const auto& [name, created] : state.volumes) volumes_.insert(name);
}

Record Told::record(std::string_view id) const {
    const auto found = containers_.find(id);
    return found == containers_.end() ? nullptr : found->second.record;
}

void Told::set_images(const ImageIndex& images) {
    images_.clear();
    for (const auto& [id, image] : images) images_[id] = first_tag(image);
}

void Told::apply(const EngineEvent& event, const Record& now) {
    if (event.type == "network") {
        if (event.action == "create") networks_[event.id] = event.attribute("name");
        if (event.action == "destroy") networks_.erase(event.id);
    } else if (event.type == "volume") {
        if (event.action == "create") volumes_.insert(event.id);
        if (event.action == "destroy") volumes_.erase(event.id);
    }
    const std::string id(event.container());
    if (id.empty()) return;
    if (event.type == "container" && event.action == "destroy") {
        containers_.erase(id);
        return;
    }
    if (!now && !containers_.contains(id) && event.action != "create") return;
    Container& container = containers_[id];
    if (now) container.record = now;
    if (event.type != "container") return;
    if (event.action == "create" || event.action == "rename" || container.name.empty()) {
        std::string_view name = event.attribute("name");
        if (name.starts_with('/')) name.remove_prefix(1);
        if (!name.empty()) container.name = name;
    }
    if (event.action == "start" || event.action == "restart") {
        container.running = true;
        // The moment that the engine noted differs a little from the event's.
        container.started = now && now->started > 0 ? now->started : event.time;
    }
    if (event.action == "die") container.running = false;
}

std::vector<Difference> Told::compare(const EngineState& real,
                                      const std::set<std::string, std::less<>>& touched) const {
    Comparison comparison(real, touched);
    comparison.containers(containers_);
    const auto image_name = [&](const std::string& id) {
        if (const auto found = real.images.find(id); found != real.images.end()) return first_tag(found->second);
        const auto known = images_.find(id);
        return known == images_.end() ? std::string() : known->second;
    };
    const auto network_name = [&](const std::string& id) {
        if (const auto found = real.networks.find(id); found != real.networks.end()) return found->second;
        const auto known = networks_.find(id);
        return known == networks_.end() ? std::string() : known->second;
    };
    const auto no_time = [](const auto&) {
        return Nanoseconds{0};
    };  // an image's date is its build's, not its arrival's
    comparison.things("image", "delete", real.images, images_, image_name, no_time);
    comparison.things("network", "destroy", real.networks, networks_, network_name, no_time);
    comparison.things(
        "volume", "destroy", real.volumes, volumes_, [](const std::string& name) { return name; },
        [](const auto& entry) { return entry.second; });
    return comparison.take();
}

void Told::restore(const std::string& id, Container container) {
    known_ = true;
    containers_.insert_or_assign(id, std::move(container));
}

void Told::restore(std::map<std::string, std::string, std::less<>> images,
                   std::map<std::string, std::string, std::less<>> networks,
                   std::set<std::string, std::less<>> volumes) {
    known_ = true;
    images_ = std::move(images);
    networks_ = std::move(networks);
    volumes_ = std::move(volumes);
}

}  // namespace plimsoll::source
