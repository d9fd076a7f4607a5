#include "source/resource/sampler.h"

#include <algorithm>
#include <utility>

#include "host/container_cgroups.h"

namespace plimsoll::source {

namespace {

void set(model::Event& event, model::FieldKey field, const host::Amount& amount) {
    if (amount.value)
        event.set_unsigned(field, *amount.value);
    else if (!amount.reason.empty())
        event.unknown(field, amount.reason);
}

void set(model::Event& event, model::FieldKey field, const host::Share& share) {
    if (share.value)
        event.set_real(field, *share.value);
    else if (!share.reason.empty())
        event.unknown(field, share.reason);
}

}  // namespace

Result<Sampler> Sampler::open(const ContainerDirectory* directory, host::Root root) {
    TRY(auto reader, host::UsageReader::open(std::move(root)));
    return Sampler(directory, std::move(reader));
}

std::vector<ContainerEntry> Sampler::running(Samples& out) {
    if (directory_ != nullptr) {
        auto known = directory_->running();
        if (known) {
            locate(*known, directory_->doubt());
            return std::move(*known);
        }
        out.discovered = known.error().message;
    } else {
        out.discovered = "no engine is asked";
    }
    const auto found = host::find_container_cgroups(reader_->root(), reader_->hierarchies());
    std::vector<ContainerEntry> containers;
    if (!found) {
        out.faults.push_back(found.error().message);
        return containers;
    }
    for (const host::ContainerCgroup& each : *found) {
        if (each.pid != 0) containers.push_back({each.id, each.id, {}, each.pid, each.path, {}});
    }
    return containers;
}

void Sampler::locate(std::vector<ContainerEntry>& containers, const std::string& doubt) {
    const auto is_lost = [&](const ContainerEntry& each) {
        return each.pid == 0 && each.cgroup.empty() && !watched_.contains(each.id);
    };
    if (doubt.empty() && std::ranges::none_of(containers, is_lost)) return;
    const auto found = host::find_container_cgroups(reader_->root(), reader_->hierarchies());
    if (!found) return;  // said again for each container that cannot be measured
    for (ContainerEntry& each : containers) {
        if (!is_lost(each)) continue;
        const auto cgroup = std::ranges::find(*found, each.id, &host::ContainerCgroup::id);
        if (cgroup == found->end()) continue;
        each.pid = cgroup->pid;
        each.cgroup = cgroup->path;
    }
    if (doubt.empty()) return;
    std::erase_if(containers, [&](const ContainerEntry& each) {
        return std::ranges::find(*found, each.id, &host::ContainerCgroup::id) == found->end();
    });
    for (const host::ContainerCgroup& each : *found) {
        if (each.pid == 0 || std::ranges::find(containers, each.id, &ContainerEntry::id) != containers.end()) continue;
        containers.push_back({each.id, {}, {}, each.pid, each.path, {}, doubt});
    }
}

void Sampler::measure(ContainerEntry entry, Samples& out) {
    Watched& watched = watched_[entry.id];
    watched.seen = true;
    // Started again, or discovered by another of its processes: the open files tell whether the cgroup is the same.
    std::optional<host::Usage> usage;
    if (watched.files) usage = reader_->sample(*watched.files);
    if (!usage) {
        if (watched.files) reader_->close(*watched.files);
        watched.last.reset();
        auto files = reader_->watch({entry.pid, entry.id, entry.cgroup});
        if (!files) {
            watched.files.reset();
            out.faults.push_back((entry.name.empty() ? entry.id : entry.name) + ": " + files.error().message);
            return;
        }
        watched.files = std::move(*files);
        usage = reader_->sample(*watched.files);
        if (!usage) return;  // it ended just now
    }
    const host::Share percent = cpu_percent(watched.last, *usage);
    out.containers.push_back({std::move(entry), *usage, percent});
    watched.last = std::move(usage);
}

Samples Sampler::sample() {
    Samples out;
    std::vector<ContainerEntry> containers = running(out);
    std::ranges::sort(containers, {}, &ContainerEntry::id);
    for (ContainerEntry& each : containers) measure(std::move(each), out);
    for (auto each = watched_.begin(); each != watched_.end();) {
        Watched& watched = each->second;
        if (std::exchange(watched.seen, false) && watched.files) {
            ++each;
            continue;
        }
        if (watched.files) reader_->close(*watched.files);
        each = watched_.erase(each);
    }
    out.host.container.id = out.host.container.name = "host";
    out.host.usage = reader_->sample_host();
    out.host.cpu_percent = cpu_percent(last_host_, out.host.usage);
    last_host_ = out.host.usage;
    return out;
}

host::Share cpu_percent(const std::optional<host::Usage>& before, const host::Usage& now) {
    if (!now.cpu.value) return host::Share::unknown(now.cpu.reason);
    if (!before || !before->cpu.value) return {};
    if (now.taken <= before->taken || *now.cpu.value < *before->cpu.value)
        return host::Share::unknown("its processor time went backwards");
    return {100.0 * static_cast<double>(*now.cpu.value - *before->cpu.value) /
                static_cast<double>(now.taken - before->taken),
            {}};
}

model::Event to_event(const Sample& sample, Nanoseconds time) {
    model::Event event(time);
    event.set("record.kind", "sample");
    event.set("evt.source", "resource");
    event.set("evt.type", "sample");
    event.set("container.id", std::string_view(sample.container.id).substr(0, 12));  // as Falco's field has it
    if (sample.container.id.size() > 12) event.set("container.full_id", sample.container.id);
    if (sample.container.unnamed.empty())
        event.set("container.name", sample.container.name);
    else
        event.unknown("container.name", sample.container.unnamed);
    if (!sample.container.image.empty()) event.set("container.image", sample.container.image);
    const host::Usage& usage = sample.usage;
    set(event, "usage.cpu", sample.cpu_percent);
    set(event, "usage.cpu.ns", usage.cpu);
    set(event, "usage.throttled.ns", usage.throttled);
    set(event, "usage.memory", usage.memory);
    set(event, "usage.memory.total", usage.memory_total);
    set(event, "usage.memory.limit", usage.memory_limit);
    set(event, "usage.oom_kills", usage.oom_kills);
    set(event, "usage.pids", usage.pids);
    set(event, "usage.pids.limit", usage.pids_limit);
    set(event, "usage.io.read", usage.io_read);
    set(event, "usage.io.written", usage.io_written);
    set(event, "usage.net.received", usage.net_received);
    set(event, "usage.net.sent", usage.net_sent);
    set(event, "usage.pressure.cpu", usage.pressure_cpu);
    set(event, "usage.pressure.memory", usage.pressure_memory);
    set(event, "usage.pressure.io", usage.pressure_io);
    return event;
}

}  // namespace plimsoll::source
