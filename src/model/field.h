#pragma once

#include <cstdint>
#include <string_view>

namespace plimsoll::model {

/// What a field's values are. The operators that a condition may use follow from it.
enum class Type : std::uint8_t {
    string,
    path,  ///< text that names a file; compared like a string
    uint64,
    int64,
    f64,
    boolean,
    ip,
    net,
    bytes,
    duration,  ///< nanoseconds, unsigned
    time,      ///< nanoseconds since 1970 UTC, unsigned
};

/// Whether brackets may follow the name, and what stands between them. `key_or_suffix`: required, in brackets or as
/// further parts of the name (`evt.arg[path]` is `evt.arg.path`).
enum class Arg : std::uint8_t { none, index_optional, index_required, key_optional, key_required, key_or_suffix };

/// How a condition treats the several values of a field that is not a list. `ends`: the two ends of a connection; one
/// end suffices, but for `!=` both must differ. `ancestors`: without brackets all ancestors; one suffices for every
/// operator.
enum class Several : std::uint8_t { no, ends, ancestors };

/// Who supplies a field; several may. A field can be declared before its source exists.
enum Source : std::uint8_t {
    from_posture = 1,       ///< `plimsoll audit`: facts of host, daemon, containers, images, networks, volumes
    from_engine_event = 2,  ///< the engine's event stream
    from_kernel = 4,        ///< the sensor
    from_audit_record = 8,  ///< Linux audit
    from_finding = 16,      ///< what a check concluded; waivers and routing read it
    from_plugin = 32,       ///< Falco's plugins; declared so that their rule files are understood
    from_recorder = 64,     ///< the recorder itself: its records about records, alerts, samples, losses
};

/// One row of the field table.
struct Field {
    std::string_view name;
    Type type;
    bool list;  ///< holds any number of values
    Arg arg;
    std::uint8_t sources;  ///< bits of Source
    std::string_view meaning;
    Several several = Several::no;
};

}  // namespace plimsoll::model
