#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/event.h"
#include "model/fields.h"
#include "model/reading.h"
#include "sensor/calls.h"
#include "sensor/kernel_event.h"
#include "sensor/scratch.h"

namespace plimsoll::sensor {

/// What kind of thing the event's descriptor is, in Falco's words.
struct DescriptorKind {
    std::string_view letter;  ///< empty: the event has no descriptor of which that is known
    std::string_view word;    ///< empty: not known
};

/// Both ends of the event's socket.
struct Ends {
    model::Ip local, remote;
    std::uint16_t local_port = 0, remote_port = 0;
    bool has_local = false, has_remote = false;
    bool v4 = false, v6 = false;  ///< as Falco sees it: an IPv4 address within IPv6 is IPv4
    bool server = false;          ///< the process is the one that was connected to

    [[nodiscard]] bool known() const { return v4 || v6; }
};

/// One parameter: what was given, and what that stands for ("-2" and ENOENT, "3" and <f>/etc/passwd).
struct ParameterWords {
    std::string given;
    std::string meant;
    bool there = true;
};

/// One event as the functions of fields see it: what it is made of, and what was computed of it. Texts that they answer
/// with live until the next event.
class EventView {
public:
    explicit EventView(const Surroundings& of) : around(of) {}

    void start(const RawEvent& event, const Process* of, std::uint64_t running_number);
    /// Forgets the answers, not the event.
    void choose_name(std::size_t which);

    // Answers
    template <typename T>
    [[nodiscard]] model::Reading value(const T& one) {
        return model::Reading::of({scratch.value(one), 1});
    }
    [[nodiscard]] model::Reading text(std::string_view borrowed) { return value(borrowed); }
    [[nodiscard]] model::Reading kept(std::string_view made) { return value(scratch.keep(made)); }
    [[nodiscard]] model::Reading number(std::uint64_t one) { return value(one); }
    [[nodiscard]] model::Reading integer(std::int64_t one) { return value(one); }
    [[nodiscard]] model::Reading truth(bool one) { return value(one); }
    /// Absent when it is empty.
    [[nodiscard]] model::Reading text_if(std::string_view borrowed) {
        return borrowed.empty() ? model::Reading::missing() : text(borrowed);
    }
    /// An empty string to write into; one at a time.
    [[nodiscard]] std::string& builder() {
        builder_.clear();
        return builder_;
    }

    /// Empty words to write into; one at a time.
    [[nodiscard]] ParameterWords& fresh_words() {
        words_.given.clear();
        words_.meant.clear();
        words_.there = true;
        return words_;
    }

    // The event
    [[nodiscard]] bool is(WireKind kind) const { return raw.head->kind == kind; }
    [[nodiscard]] bool is_call() const { return is(WIRE_CALL) || is(WIRE_URING) || is(WIRE_FOLDED); }
    [[nodiscard]] bool is_open() const { return is_call() && (call->flags & opens) != 0; }
    [[nodiscard]] bool has_result() const { return is_call() || is(WIRE_EXEC) || is(WIRE_FORK); }
    [[nodiscard]] std::int64_t result() const { return raw.head->result; }
    [[nodiscard]] std::uint64_t argument(std::size_t index) const {
        return raw.arguments == nullptr || is(WIRE_FOLDED) ? 0 : raw.arguments->value[index];
    }
    [[nodiscard]] std::string_view type() const;
    [[nodiscard]] Nanoseconds time() const;
    [[nodiscard]] std::uint64_t open_flags() const;
    [[nodiscard]] std::uint64_t open_mode() const;
    [[nodiscard]] std::span<const Param> params();

    // The process; the functions answer absent or unknown where there is none
    [[nodiscard]] const Program* program() const { return process == nullptr ? nullptr : process->program.get(); }
    [[nodiscard]] bool knows_task() const { return process != nullptr && process->task.ns_pid != 0; }
    [[nodiscard]] const WireCredentials* credentials() const;

    // Paths
    [[nodiscard]] std::span<const std::string_view> names();
    [[nodiscard]] std::string_view name();  ///< the chosen one; empty when the event is of no file
    /// A path as the caller wrote it, the call's first or second, made absolute and plain by its text alone, from the
    /// top of what the process has mounted.
    [[nodiscard]] std::string_view absolute(std::string_view path) { return absolute_from(path, folder()); }
    [[nodiscard]] std::string_view absolute_second(std::string_view path);
    [[nodiscard]] std::string_view folder();  ///< where relative paths of the event start; empty when not known

    [[nodiscard]] const DescriptorKind& descriptor();
    [[nodiscard]] const Ends& ends();
    [[nodiscard]] std::string_view tuple();  ///< "1.2.3.4:5->6.7.8.9:80", "10.0.0.1:80", a unix socket's path
    [[nodiscard]] std::int64_t fd_number() const;

    /// Names of the user the thread acts as; `known` false when they cannot be told.
    [[nodiscard]] const Users::Names& user();
    [[nodiscard]] std::string_view login_name();

    RawEvent raw;
    const Process* process = nullptr;
    const Surroundings& around;
    std::uint64_t running = 0;
    const Call* call = nullptr;
    std::uint16_t call_number = 0;
    std::uint64_t first_time = 0;   ///< of the first event that was started
    std::uint64_t before_time = 0;  ///< of the event before
    std::size_t chosen = 0;
    Scratch scratch;
    model::Event clock;

    static constexpr std::size_t kMostParams = 24;
    std::array<model::Reading, kMostParams> params_read;
    std::uint32_t params_ready = 0;

private:
    [[nodiscard]] std::string_view absolute_from(std::string_view path, std::string_view folder);
    void find_names();
    [[nodiscard]] std::string_view first_name();  ///< the kernel's, else the caller's
    void find_ends();
    void find_descriptor();

    std::uint64_t last_time_ = 0;
    ParameterWords words_;
    std::string builder_;
    std::string path_;
    std::span<const Param> params_;
    std::string_view first_name_;
    std::array<std::string_view, 4> names_;
    std::size_t name_count_ = 0;
    DescriptorKind descriptor_;
    Ends ends_;
    std::string_view tuple_;
    Users::Names user_;
    std::string_view login_;
    enum Ready : std::uint8_t {
        names_ready = 1,
        ends_ready = 2,
        kind_ready = 4,
        user_ready = 8,
        login_ready = 16,
        tuple_ready = 32,
        params_known = 64,
        first_ready = 128,
    };
    std::uint8_t ready_ = 0;
};

/// How one field is answered; `arg` is what stands in its brackets.
using Give = model::Reading (*)(EventView&, std::string_view arg);

struct FieldRow {
    model::FieldKey field;
    Give give;
};

// One row for each field, by family.
[[nodiscard]] std::span<const FieldRow> event_fields();
[[nodiscard]] std::span<const FieldRow> argument_fields();
[[nodiscard]] std::span<const FieldRow> process_fields();
[[nodiscard]] std::span<const FieldRow> ancestor_fields();
[[nodiscard]] std::span<const FieldRow> file_fields();
[[nodiscard]] std::span<const FieldRow> network_fields();
[[nodiscard]] std::span<const FieldRow> user_fields();
[[nodiscard]] std::span<const FieldRow> container_fields();

/// The parameter's text as Falco's evt.arg has it; absent when the event does not tell it.
[[nodiscard]] model::Reading read_parameter(EventView& event, std::size_t index);

/// What is kept of an event in the ledger; `event` is the same event by its fields.
void write_of_event(const model::Fields& event, EventView& view, model::Event& out);
/// … and of its process, its user and its container.
void write_of_process(const model::Fields& event, model::Event& out);

/// proc.cmdline of any process, put behind `out`.
void write_cmdline(const Process& process, std::string& out);

/// The answer to anything about the container that cannot be given: absent on the host, else unknown with the reason.
[[nodiscard]] model::Reading without_container(const EventView& event);

inline constexpr std::string_view kUnseen =
    "the process began before the sensor saw it, and had ended when it was asked for";

}  // namespace plimsoll::sensor
