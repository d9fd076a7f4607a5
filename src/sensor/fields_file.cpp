// Descriptors of files, and paths: fd, fs.path, evt.abspath.

#include <cerrno>

#include "sensor/fields.h"

namespace plimsoll::sensor {

namespace {

using model::Reading;

bool is_file(EventView& v) {
    return v.is_call() && v.raw.socket == nullptr && !v.descriptor().letter.empty() && v.descriptor().letter != "p";
}
bool has_descriptor(const EventView& v) { return v.is_call() && v.call->fd != FdUse::none; }

Reading number(EventView& v, std::string_view) {
    return has_descriptor(v) ? v.integer(v.fd_number()) : Reading::missing();
}

/// Absent where the call failed before there was a descriptor, as with Falco.
bool stands(const EventView& v) { return v.call->fd != FdUse::made || v.result() >= 0; }

Reading name(EventView& v, std::string_view) {
    if (!v.is_call() || v.descriptor().letter.empty()) return Reading::missing();
    if (v.descriptor().letter == "p") return v.text("");  // as with Falco; the kernel has none either
    return v.text(v.raw.socket != nullptr ? v.tuple() : v.name());
}

std::string_view directory_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos || slash == 0 ? "/" : path.substr(0, slash);
}

/// Of a folder that is the folder itself, as with Falco.
Reading directory(EventView& v, std::string_view) {
    if (!is_file(v)) return Reading::missing();
    const std::string_view path = v.name();
    return v.text(v.descriptor().letter == "d" && !path.empty() ? path : directory_of(path));
}

Reading filename(EventView& v, std::string_view) {
    if (!is_file(v)) return Reading::missing();
    const std::string_view path = v.name();
    return v.text(path == "/" ? path : path.substr(path.rfind('/') + 1));
}

Reading raw_name(EventView& v, std::string_view) {
    if (!is_file(v)) return Reading::missing();
    return v.text(v.raw.has(WIRE_NAME) ? v.raw.string(WIRE_NAME) : v.name());
}

Reading kind(EventView& v, std::string_view) {
    return v.is_call() && stands(v) ? v.text_if(v.descriptor().word) : Reading::missing();
}

/// With this event the descriptor got the name it has: it was opened, accepted, connected, or sends without a
/// connection, each time to whom it is told.
Reading name_changed(EventView& v, std::string_view) {
    if (!has_descriptor(v) || v.descriptor().letter.empty()) return Reading::missing();
    const auto flags = v.call->flags;
    if ((flags & (opens | accepts)) != 0) return v.truth(v.result() >= 0);
    if ((flags & connects) != 0) return v.truth(v.result() >= 0 || v.result() == -EINPROGRESS);
    const bool datagram = v.raw.socket != nullptr && v.ends().known() && v.raw.socket->state != 1;  // 1: established
    return v.truth(datagram && (flags & (reads | writes)) != 0 && v.result() >= 0);
}

template <typename TellIt>
Reading of_file(EventView& v, TellIt tell) {
    if (v.raw.file == nullptr || !is_file(v)) return Reading::missing();
    return tell(*v.raw.file);
}

Reading device(EventView& v, std::string_view) {
    return of_file(v, [&](const WireFile& file) {
        const std::uint64_t high = file.device >> 20U;
        const std::uint64_t low = file.device & 0xfffffU;
        return v.number((low & 0xffU) | high << 8U | (low & ~0xffULL) << 12U);  // as the kernel tells user space
    });
}

Reading layer(EventView& v, bool upper) {
    return of_file(v, [&](const WireFile& file) {
        if (file.layer == WIRE_LAYER_UNKNOWN) return Reading::cannot_know("which layer it lies in was not seen");
        const bool above = file.layer == WIRE_UPPER || file.layer == WIRE_COPIED_UP;
        return v.truth(upper ? above : file.layer == WIRE_LOWER);
    });
}

std::string_view short_container(const EventView& v) {
    if (v.process == nullptr || v.process->container == nullptr) return {};
    return std::string_view(v.process->container->id).substr(0, 12);
}

Reading with_container(EventView& v, std::string_view text) {
    std::string& out = v.builder();
    out.append(short_container(v)).append(":").append(text);
    return v.kept(out);
}

Reading unique(EventView& v, std::string_view) {
    if (!has_descriptor(v)) return Reading::missing();
    std::string& out = v.builder();
    out.append(std::to_string(v.raw.head->tid)).append(std::to_string(v.fd_number()));
    return v.kept(out);
}

Reading kinds(EventView& v, std::string_view) {
    return v.is_call() && !v.descriptor().word.empty() ? v.text(v.descriptor().word) : Reading::missing();
}

// Paths

/// A call that succeeded and works on paths: Falco tells them of no other.
bool worked(const EventView& v) { return v.is_call() && v.call->paths != Paths::none && v.result() >= 0; }

std::string_view second(EventView& v) {
    return v.raw.has(WIRE_PATH2) ? v.raw.string(WIRE_PATH2) : v.absolute_second(v.raw.string(WIRE_NAME2));
}

Reading path_name(EventView& v, std::string_view) {
    return worked(v) && v.call->paths == Paths::name ? v.text_if(v.name()) : Reading::missing();
}

Reading path_name_raw(EventView& v, std::string_view) {
    return worked(v) && v.call->paths == Paths::name ? v.text_if(v.raw.string(WIRE_NAME)) : Reading::missing();
}

Reading path_source(EventView& v, bool raw) {
    if (!worked(v)) return Reading::missing();
    switch (v.call->paths) {
        case Paths::old_and_new:
        case Paths::symlink: return v.text_if(raw ? v.raw.string(WIRE_NAME) : v.name());
        case Paths::link: return v.text_if(raw ? v.raw.string(WIRE_NAME2) : second(v));
        case Paths::mount: return v.text_if(v.raw.string(WIRE_NAME2));
        default: return Reading::missing();
    }
}

Reading path_target(EventView& v, bool raw) {
    if (!worked(v)) return Reading::missing();
    switch (v.call->paths) {
        case Paths::old_and_new: return v.text_if(raw ? v.raw.string(WIRE_NAME2) : second(v));
        case Paths::link:
        case Paths::mount: return v.text_if(raw ? v.raw.string(WIRE_NAME) : v.name());
        case Paths::symlink:
            return v.text_if(raw ? v.raw.string(WIRE_NAME2) : v.absolute_second(v.raw.string(WIRE_NAME2)));
        default: return Reading::missing();
    }
}

Reading absolute_path(EventView& v, std::string_view arg) {
    if (!v.is_call() || v.call->paths == Paths::none) return Reading::missing();
    if (arg == "dst" || arg == "dstraw") return v.text_if(second(v));
    return v.text_if(v.name());
}

constexpr auto kRows = std::to_array<FieldRow>({
    {"fd.num", number},
    {"fd.type", kind},
    {"fd.typechar",
     [](EventView& v, std::string_view) {
         return v.is_call() ? v.text_if(v.descriptor().letter) : Reading::missing();
     }},
    {"fd.name", name},
    {"fd.directory", directory},
    {"fd.filename", filename},
    {"fd.nameraw", raw_name},
    {"fd.name_changed", name_changed},
    {"fd.dev", device},
    {"fd.dev.major",
     [](EventView& v, std::string_view) {
         return of_file(v, [&](const WireFile& file) { return v.number(file.device >> 20U); });
     }},
    {"fd.dev.minor",
     [](EventView& v, std::string_view) {
         return of_file(v, [&](const WireFile& file) { return v.number(file.device & 0xfffffU); });
     }},
    {"fd.ino", [](EventView& v,
                  std::string_view) { return of_file(v, [&](const WireFile& file) { return v.number(file.inode); }); }},
    {"fd.is_upper_layer", [](EventView& v, std::string_view) { return layer(v, true); }},
    {"fd.is_lower_layer", [](EventView& v, std::string_view) { return layer(v, false); }},
    {"fd.containername",
     [](EventView& v, std::string_view) {
         if (!v.is_call() || v.descriptor().letter.empty()) return Reading::missing();
         return with_container(v, v.raw.socket != nullptr ? v.tuple() : v.name());
     }},
    {"fd.containerdirectory",
     [](EventView& v, std::string_view) {
         return is_file(v) ? with_container(v, directory_of(v.name())) : Reading::missing();
     }},
    {"fd.uid", unique},
    {"fd.types", kinds},
    {"fs.path.name", path_name},
    {"fs.path.nameraw", path_name_raw},
    {"fs.path.source", [](EventView& v, std::string_view) { return path_source(v, false); }},
    {"fs.path.sourceraw", [](EventView& v, std::string_view) { return path_source(v, true); }},
    {"fs.path.target", [](EventView& v, std::string_view) { return path_target(v, false); }},
    {"fs.path.targetraw", [](EventView& v, std::string_view) { return path_target(v, true); }},
    {"evt.abspath", absolute_path},
});

}  // namespace

std::span<const FieldRow> file_fields() { return kRows; }

}  // namespace plimsoll::sensor
