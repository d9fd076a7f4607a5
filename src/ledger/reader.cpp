#include "ledger/reader.h"

#include <utility>

#include "host/file.h"
#include "ledger/replace_file.h"
#include "ledger/scan.h"

namespace plimsoll::ledger {

namespace {

/// The name in the first line of `checkpoint`, or before the first + of `keys`.
std::string read_origin(const std::string& path) {
    constexpr std::size_t kLongest = std::size_t{1} << 20U;
    for (const auto& [name, end] : {std::pair{"/checkpoint", '\n'}, std::pair{"/keys", '+'}}) {
        const auto text = host::read_if_exists({}, path + name, kLongest);
        if (text && *text) {
            const auto stop = (*text)->find(end);
            if (stop != std::string::npos && stop > 0) return (*text)->substr(0, stop);
        }
    }
    return {};
}

}  // namespace

class Reader::Impl {
public:
    explicit Impl(const std::string& path) : files(path), origin(read_origin(path)) {}

    [[nodiscard]] bool last_holds(RecordNumber number) const {
        if (!last) return false;
        const SegmentInfo& info = last->segment().info();
        return number >= info.first && number - info.first < info.rows;
    }

    Result<std::optional<StoredRecord>> from_last(RecordNumber number) {
        std::optional<StoredRecord> found(StoredRecord{.number = number, .event = model::Event()});
        const auto row = static_cast<std::uint32_t>(number - last->segment().info().first);
        TRY_VOID(last->event(row, found->event));
        found->event.set_unsigned("record.number", number);
        return found;
    }

    /// What is there now, or was when something was asked for `as_seen`.
    Result<Snapshot> look_for(const Query& query) {
        if (query.as_seen && seen && query.first < seen->end) return *seen;
        seen.reset();  // a log that somebody holds is copied before it is read on
        TRY(Snapshot snapshot, files.look());
        if (query.as_seen) seen = snapshot;
        return snapshot;
    }

    LedgerFiles files;
    std::optional<Snapshot> seen;
    std::string origin;
    std::unique_ptr<SegmentReader> last;  ///< of `record`
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::~Reader() = default;

Result<std::unique_ptr<Reader>> Reader::open(const std::string& path) {
    auto impl = std::make_unique<Impl>(absolute_path(path));
    TRY_VOID(impl->files.look());
    return std::unique_ptr<Reader>(new Reader(std::move(impl)));
}

Result<ScanReport> Reader::scan(const Query& query, const std::function<bool(const StoredRecord&)>& visit,
                                const std::function<void(Progress)>& progress) {
    TRY(const Plan plan, Plan::make(query.condition));
    TRY(const Snapshot snapshot, impl_->look_for(query));
    const ScanRequest request(plan, query);
    return run_scan(impl_->files, snapshot, request, visit, progress);
}

Result<std::vector<Count>> Reader::count(const Query& query, const std::vector<model::FieldId>& by, Nanoseconds bucket,
                                         ScanReport* report) {
    Query projected = query;
    projected.fields = by;
    if (by.empty()) projected.fields = {model::FieldKey("record.number").id()};
    TRY(const Plan plan, Plan::make(query.condition));
    TRY(const Snapshot snapshot, impl_->files.look());
    const ScanRequest request(plan, projected);
    ScanReport done;
    TRY(auto counts, run_count(impl_->files, snapshot, request, by, bucket, done));
    if (report == nullptr && !done.faults.empty()) return Error{done.faults.front()};
    if (report != nullptr) *report = std::move(done);
    return counts;
}

Result<std::optional<StoredRecord>> Reader::record(RecordNumber number) {
    if (impl_->last_holds(number)) return impl_->from_last(number);
    TRY(const Snapshot snapshot, impl_->files.look());
    for (const SegmentFile& segment : snapshot.segments) {
        if (number < segment.first || number >= segment.end()) continue;
        TRY(auto opened, impl_->files.open(segment.first));
        impl_->last = std::make_unique<SegmentReader>(std::move(opened));
        if (!impl_->last_holds(number)) return Error{"the catalogue and the segment's footer differ"};
        return impl_->from_last(number);
    }
    std::optional<StoredRecord> found;
    Query query;
    query.first = query.last.emplace(number);
    query.threads = 1;
    TRY(const Plan plan, Plan::make(nullptr));
    const ScanRequest request(plan, query);
    TRY(const ScanReport report, run_scan(impl_->files, snapshot, request,
                                          [&](const StoredRecord& record) {
                                              found =
                                                  StoredRecord{.number = record.number, .event = record.event.clone()};
                                              return true;
                                          },
                                          {}));
    if (!found && !report.faults.empty()) return Error{report.faults.front()};
    return found;
}

RecordNumber Reader::size() {
    const auto snapshot = impl_->files.look();
    return snapshot ? snapshot->end : 0;
}

RecordNumber Reader::first_kept() {
    const auto snapshot = impl_->files.look();
    return snapshot ? snapshot->first : 0;
}

const std::string& Reader::origin() const { return impl_->origin; }

}  // namespace plimsoll::ledger
