#pragma once

// Inside of the filter compiler: what a condition wants in one kind of event that the kernel can tell from others.

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "model/kernel_filter.h"
#include "rule/expression.h"
#include "rule/kernel_calls.h"

namespace plimsoll::rule::detail {

/// How a file was opened: for reading only, the same and truncated, for writing only, for both.
enum class OpenMode : std::uint8_t { none, read, read_truncated, write, both };
enum class Creation : std::uint8_t { none, created, executable };

/// What is certain of an event.
struct Situation {
    const KernelCall* call = nullptr;
    bool failed = false;
    bool in_container = true;
    OpenMode mode = OpenMode::none;  ///< of a call that opened a file
    Creation creation = Creation::none;

    [[nodiscard]] bool reads() const { return mode != OpenMode::none && mode != OpenMode::write; }
    [[nodiscard]] bool writes() const { return mode == OpenMode::write || mode == OpenMode::both; }
    [[nodiscard]] bool truncates() const { return mode != OpenMode::read; }  ///< perhaps
};

/// What a check asks, as far as the kernel can decide it.
struct Atom {
    enum class Kind : std::uint8_t {
        open,        ///< nothing that the kernel knows
        event_type,  ///< evt.type = or in
        container,   ///< container.id = or in
        opened,      ///< evt.is_open_… = true
        outcome,     ///< the result, the error, a descriptor that was made
        wish,        ///< the file's name, the program's name
        socket,      ///< the descriptor is a socket
        flag,        ///< evt.arg.flags contains
    };
    enum class Opened : std::uint8_t { read, write, create, execute };

    Kind kind = Kind::open;
    bool inverted = false;  ///< `!=`, `= false`
    Opened opened = Opened::read;
    bool succeeds = true;  ///< outcome: it can hold when the call succeeded …
    bool fails = true;     ///< … when it failed
    bool of_open = false;  ///< outcome: it tells something of calls that open files only
    model::FileWish wish;
    const Expression* check = nullptr;
};

/// Reads a check once; the same check is met in many situations.
[[nodiscard]] Atom read_atom(const Expression& check);

/// Finds what conditions want. Keeps what it read of checks, which must outlive it.
class Wanting {
public:
    /// What covers every event of the situation for which the condition can be true; empty when none can.
    [[nodiscard]] model::FileWish of(const Expression& condition, const Situation& situation);

private:
    model::FileWish walk(const Expression& node, const Situation& situation, bool negative);
    const Atom& atom(const Expression& check);

    std::unordered_map<const Expression*, Atom> atoms_;
};

}  // namespace plimsoll::rule::detail
