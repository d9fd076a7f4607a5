#include "app/audit_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>
#include <utility>

#include "audit/log/scan.h"
#include "base/json.h"
#include "base/text.h"
#include "host/http_post.h"
#include "host/terminal.h"
#include "ledger/reader.h"
#include "ledger/writer.h"
#include "rule/scope.h"
#include "source/audit/audit_decoder.h"
#include "source/engine/event_record.h"

namespace plimsoll::app {

namespace {

constexpr std::size_t kBatch = 8192;  ///< events that are looked up and added together
constexpr Nanoseconds kMillisecond = 1'000'000;
constexpr std::chrono::seconds kPatience{60};

// ---- where events go ----

class Target {
public:
    virtual ~Target() = default;
    virtual Result<void> add(const std::vector<model::Event>& events) = 0;
    virtual Result<void> finish() = 0;
    [[nodiscard]] virtual bool is_agent() const = 0;
};

/// The agent, which holds the ledger's lock.
class AgentTarget final : public Target {
public:
    explicit AgentTarget(const std::string& socket)
        : poster_({.target = {.unix_path = socket}, .authority = "localhost", .path = "/v1/import"}) {}

    Result<void> add(const std::vector<model::Event>& events) override {
        for (const model::Event& event : events) {
            TRY(bool taken, body_.add(event));
            if (taken) continue;
            TRY_VOID(send());
            TRY(taken, body_.add(event));
            if (!taken) return Error{"an event is too large"};
        }
        return send();
    }
    Result<void> finish() override { return {}; }
    [[nodiscard]] bool is_agent() const override { return true; }

private:
    Result<void> send() {
        if (body_.empty()) return {};
        TRY(const auto answer, poster_.post({}, body_.take(), host::Patience::of(kPatience)));
        if (answer.status == 200) return {};
        const auto document = JsonDocument::parse(answer.body);
        std::string reason(document ? document->root()["error"].text_or("") : "");
        if (reason.empty()) reason = fmt::format("HTTP {}", answer.status);
        return Error{"the agent refused: " + reason};
    }

    host::HttpPoster poster_;
    ImportBody body_;
};

/// The ledger itself, when no agent runs. Opened when there is something to add: opening leaves records too.
class LedgerTarget final : public Target {
public:
    explicit LedgerTarget(std::string path) : path_(std::move(path)) {}

    Result<void> add(const std::vector<model::Event>& events) override {
        if (events.empty()) return {};
        if (!writer_) {
            ledger::WriterOptions options;
            options.path = path_;
            TRY(writer_, ledger::Writer::open(std::move(options)));
        }
        for (const model::Event& event : events) TRY_VOID(writer_->append(event));
        static_cast<void>(writer_->tick());
        TRY_VOID(writer_->commit());
        return {};
    }
    Result<void> finish() override { return writer_ ? writer_->close() : Result<void>(); }
    [[nodiscard]] bool is_agent() const override { return false; }

private:
    std::string path_;
    std::unique_ptr<ledger::Writer> writer_;
};

bool agent_listens(const std::string& socket) {
    if (socket.empty()) return false;
    return host::Stream::open({.unix_path = socket}, host::Patience::of(std::chrono::seconds(10))).has_value();
}

// ---- what is there already ----

std::uint64_t mixed(std::uint64_t hash, std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    return (hash ^ 0xFFU) * 0x100000001B3ULL;
}

/// What an event is recognised by: host, time, serial number, and what kinds of records and which paths it has, since a
/// part of an event that came late is an event of its own.
constexpr std::array kIdentity = {model::FieldKey("audit.node"), model::FieldKey("audit.serial"),
                                  model::FieldKey("audit.types"), model::FieldKey("audit.paths"),
                                  model::FieldKey("proc.pid")};

std::uint64_t identity(const model::Event& event) {
    std::uint64_t hash = mixed(0xCBF29CE484222325ULL, std::to_string(event.time() / kMillisecond));
    for (const model::FieldKey key : kIdentity) {
        for (const model::Value& value : event.read(key.id(), {}).values) hash = mixed(hash, model::to_text(value));
        hash = mixed(hash, {});
    }
    return hash;
}

/// Reads the logs, keeps a batch of events, and hands on those that the ledger lacks.
class Import {
public:
    Import(const ImportRequest& request, ImportReport& report, ledger::Reader* reader, Target* target)
        : request_(request),
          report_(report),
          reader_(reader),
          target_(target),
          decoder_({.attribution = {.live = false}, .mask_secrets = request.mask_secrets, .imported = "-"},
                   [this](model::Event event) { take(std::move(event)); }) {}

    void event(const audit::LogEvent& event) {
        if (!fault_) decoder_.log_event(event);
    }
    void begin(const std::string& file) { decoder_.set_imported(file); }

    Result<void> finish() {
        if (!fault_) flush();
        report_.events = decoder_.counts().events;
        report_.contained = decoder_.counts().contained;
        report_.incomplete = decoder_.counts().incomplete;
        if (fault_) return Error{*fault_};
        return {};
    }
    [[nodiscard]] bool failed() const { return fault_.has_value(); }

private:
    void take(model::Event event) {
        batch_.push_back(std::move(event));
        if (batch_.size() >= kBatch) flush();
    }

    void flush() {
        if (auto done = add_batch(); !done) fault_ = done.error().message;
        batch_.clear();
    }

    /// What the ledger holds of the batch's time.
    Result<std::unordered_set<std::uint64_t>> known() {
        std::unordered_set<std::uint64_t> out;
        if (reader_ == nullptr) return out;
        auto condition = rule::resolve("record.kind = event and evt.source = audit", rule::Scope{});
        if (!condition) return Error{condition.error().message};
        const auto [first, last] = std::ranges::minmax_element(batch_, {}, &model::Event::time);
        ledger::Query query{
            .condition = std::move(*condition),
            .since = first->time(),
            .until = last->time() + kMillisecond,
        };
        for (const model::FieldKey key : kIdentity) query.fields.push_back(key.id());
        TRY(const auto report, reader_->scan(query, [&](const ledger::StoredRecord& record) {
            out.insert(identity(record.event));
            return true;
        }));
        if (!report.faults.empty()) return Error{"reading the ledger: " + report.faults.front()};
        return out;
    }

    Result<void> add_batch() {
        if (batch_.empty()) return {};
        TRY(auto there, known());
        std::vector<model::Event> fresh;
        for (model::Event& event : batch_) {
            if (there.insert(identity(event)).second)
                fresh.push_back(std::move(event));
            else
                ++report_.known;
        }
        report_.added += fresh.size();
        if (target_ == nullptr) return {};
        return target_->add(fresh);
    }

    const ImportRequest& request_;
    ImportReport& report_;
    ledger::Reader* reader_;  ///< null: there is no ledger yet
    Target* target_;          ///< null: nothing is written
    source::AuditDecoder decoder_;
    std::vector<model::Event> batch_;
    std::optional<std::string> fault_;
};

/// Hands the scan's events to the import, which goes through the log in one order.
class Taker final : public audit::EventTaker {
public:
    Taker(Import& import, const std::vector<audit::LogFile>& files) : import_(import), files_(files) {}
    void event(const audit::LogEvent& event, const audit::EventPlace& place) override {
        if (place.file != file_) import_.begin(files_[file_ = place.file].path);
        import_.event(event);
    }
    bool deliver() override { return !import_.failed(); }

private:
    Import& import_;
    const std::vector<audit::LogFile>& files_;
    std::size_t file_ = SIZE_MAX;
};

}  // namespace

Result<ImportReport> import_audit_logs(const ImportRequest& request) {
    TRY(const auto files, audit::open_logs(request.files));
    ImportReport report;
    std::unique_ptr<Target> target;
    if (!request.dry_run) {
        if (agent_listens(request.socket))
            target = std::make_unique<AgentTarget>(request.socket);
        else
            target = std::make_unique<LedgerTarget>(request.ledger);
        report.by_agent = target->is_agent();
    }
    std::unique_ptr<ledger::Reader> reader;
    if (const auto folder = host::file_facts({}, request.ledger); folder && *folder) {
        TRY(reader, ledger::Reader::open(request.ledger));
    }
    Import import(request, report, reader.get(), target.get());
    TRY(const auto scanned,
        audit::scan(files, {}, [&] { return std::make_unique<Taker>(import, files); }, {.threads = 1}));
    report.faults = scanned.faults;
    report.damaged = scanned.counts.damaged_lines();
    TRY_VOID(import.finish());
    if (target) TRY_VOID(target->finish());
    return report;
}

}  // namespace plimsoll::app
