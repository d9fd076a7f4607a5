#include "ledger/writer.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/text.h"
#include "base/version.h"
#include "host/file.h"
#include "host/system_error.h"
#include "ledger/catalogue.h"
#include "ledger/checkpoint_log.h"
#include "ledger/lock.h"
#include "ledger/recovery.h"
#include "ledger/replace_file.h"
#include "ledger/segment.h"
#include "ledger/tree.h"
#include "ledger/wal.h"

namespace plimsoll::ledger {

using model::Event;
using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kRetryAfter{200};  // between attempts to write to a disk that refused
constexpr std::chrono::seconds kPruneEvery{10};
constexpr milliseconds kIdle{1000};
constexpr std::size_t kHashTogether = 64;  // rows whose leaves are hashed side by side

std::string_view bytes_of(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

std::string boot_id() {
    const auto text = host::read_if_exists({}, "/proc/sys/kernel/random/boot_id");
    return text && *text ? std::string(trim(**text)) : std::string();
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "host";
}

/// Makes the folder and those above it; only the owner may look into the last.
Result<void> make_folders(const std::string& path) {
    std::error_code fault;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), fault);
    for (const std::string& folder : {path, path + "/segments"}) {
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return host::system_error("making", folder);
    }
    return {};
}

milliseconds until(Steady::time_point due, Steady::time_point now) {
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(due - now));
}

}  // namespace

class Writer::Impl {
public:
    Impl(WriterOptions options, host::Fd lock, std::unique_ptr<Catalogue> catalogue, Recovered found,
         std::unique_ptr<CheckpointLog> log)
        : options_(std::move(options)),
          lock_(std::move(lock)),
          catalogue_(std::move(catalogue)),
          log_(std::move(log)),
          fields_(std::move(found.fields)),
          tree_(std::move(found.tree)),
          next_(tree_.size()),
          builder_(std::move(*found.builder)),
          wal_(std::move(*found.wal)),
          segments_(std::move(found.segments)),
          losses_(std::move(found.losses)),
          durable_(next_),
          first_kept_(found.first_kept) {}

    /// Writes what a new run of the ledger begins with.
    Result<void> begin() {
        TRY_VOID(attest_last());
        if (const auto key = log_->pending()) TRY_VOID(announce(*key));
        Event start(clock());
        start.set("record.kind", "start");
        start.set("ledger.version", kVersion);
        start.set("ledger.boot", boot_id());
        start.set("ledger.host", options_.host);
        TRY_VOID(put(start));
        for (const FoundLoss& loss : losses_) TRY_VOID(put(loss_record(loss)));
        losses_.clear();
        TRY_VOID(flush());
        return {};
    }

    Result<RecordNumber> append(const Event& event) {
        if (!fault_.empty()) {
            retry(false);
            if (!fault_.empty()) return refuse(event);
        }
        if (refused_since_ > 0) {
            if (auto noted = note_refused(); !noted) return refuse(event);
        }
        auto number = put(event);
        if (!number) return fault_.empty() ? number : refuse(event);
        if (pending_.size() >= options_.commit_bytes) static_cast<void>(flush());  // a failure is kept in fault_
        return number;
    }

    milliseconds tick() {
        const auto now = Steady::now();
        if (!fault_.empty()) retry(true);
        if (!pending_.empty() && (now >= oldest_ + options_.commit_after || pending_.size() >= options_.commit_bytes)) {
            static_cast<void>(flush());
        }
        if (fault_.empty() && refused_since_ > 0) static_cast<void>(note_refused());
        if (fault_.empty() && builder_full()) note_fault(seal());
        if (fault_.empty() && signed_size_ != next_ && now >= signed_at_ + options_.checkpoint_every) {
            if (auto note = checkpoint(); !note) note_fault(note.error());
        }
        if (fault_.empty() && clock() - log_->key_since() >= std::chrono::nanoseconds(options_.key_epoch).count()) {
            note_fault(rotate());
        }
        if (now >= pruned_at_ + kPruneEvery) {
            pruned_at_ = now;
            if (fault_.empty()) note_fault(prune());
        }
        milliseconds next = fault_.empty() ? kIdle : kRetryAfter;
        if (!pending_.empty() && fault_.empty()) next = std::min(next, until(oldest_ + options_.commit_after, now));
        if (signed_size_ != next_ && fault_.empty()) {
            next = std::min(next, until(signed_at_ + options_.checkpoint_every, now));
        }
        return next;
    }

    Result<RecordNumber> commit() {
        if (!fault_.empty()) retry(true);
        TRY_VOID(flush());
        return durable_;
    }

    Result<std::string> checkpoint() {
        TRY_VOID(flush());
        TRY(std::string note, log_->sign(next_, tree().root()));
        signed_size_ = next_;
        signed_time_ = clock();
        signed_at_ = Steady::now();
        return note;
    }

    Result<void> close() {
        if (closed_) return {};
        closed_ = true;
        Event stop(clock());
        stop.set("record.kind", "stop");
        TRY_VOID(put(stop));
        TRY_VOID(checkpoint());
        return {};
    }

    [[nodiscard]] RecordNumber durable() const { return durable_; }

    [[nodiscard]] WriterStatus status() const {
        WriterStatus status{.next = next_,
                            .durable = durable_,
                            .first_kept = first_kept_,
                            .segments = segments_.size(),
                            .tail_bytes = wal_.size() + pending_.size(),
                            .refused = refused_,
                            .fault = fault_,
                            .checkpoint_time = signed_time_,
                            .checkpoint_size = signed_size_};
        for (const SegmentRow& row : segments_) status.sealed_bytes += row.bytes;
        return status;
    }

private:
    [[nodiscard]] Nanoseconds clock() const { return options_.clock ? options_.clock() : now(); }

    // ---- Rows

    /// Adds a record, and before it those that number its new fields.
    Result<RecordNumber> put(const Event& event) {
        static constexpr model::FieldId kOwn = model::FieldKey("ledger.field.number").id();
        static constexpr model::FieldId kNumber = model::FieldKey("record.number").id();
        for (const Event::Slot& slot : event.slots()) {
            if (numbered_[slot.field]) continue;
            if (slot.field == kOwn) return Error{"records that number fields are the ledger's own"};
            if (slot.field == kNumber) continue;
            if (!fields_.number(slot.field)) TRY_VOID(number_field(slot.field, event.time()));
            numbered_[slot.field] = true;
        }
        return put_row(event.time(), [&](std::string& out) { return encode_row(event, fields_, out, &parts_); });
    }

    Result<void> number_field(model::FieldId id, Nanoseconds time) {
        const model::Field& field = model::field(id);
        FieldNumbers::Entry entry{
            .number = fields_.next(), .name = std::string(field.name), .type = model::type_name(field), .id = id};
        if (entry.number >= kMaxFields) return Error{"the ledger holds as many fields as it can"};
        TRY_VOID(put_row(time, [&](std::string& out) -> Result<void> {
            const std::size_t at = out.size();
            out += encode_field_row(time, entry);
            parts_.clear();
            RowReader reader(std::string_view(out).substr(at));
            for (RowField part; reader.next(part);) parts_.push_back(part);
            return {};
        }));
        return fields_.add(entry.number, entry.name, entry.type);
    }

    /// `encode` appends the row and says its parts_.
    template <typename Encode>
    Result<RecordNumber> put_row(Nanoseconds time, Encode encode) {
        if (builder_full()) {
            if (auto sealed = seal(); !sealed) {
                note_fault(sealed);
                return Error(sealed.error());
            }
        }
        const std::size_t at = pending_.size();
        if (at == 0) oldest_ = Steady::now();
        pending_.append(kFrameHead, '\0');
        if (auto encoded = encode(pending_); !encoded) {
            pending_.resize(at);
            return Error(encoded.error());
        }
        const std::size_t begin = at + kFrameHead;
        builder_.add(time, parts_, pending_.size() - begin);
        close_frame(pending_, at);
        unhashed_.emplace_back(begin, pending_.size() - begin);
        const RecordNumber number = next_++;
        if (next_ % kHashTogether == 0) hash_rows();
        return number;
    }

    /// The tree of every record.
    Tree& tree() {
        hash_rows();
        return tree_;
    }

    void hash_rows() {
        if (unhashed_.empty()) return;
        std::array<std::string_view, kHashTogether> rows;
        std::array<Hash, kHashTogether> leaves;
        for (std::size_t i = 0; i < unhashed_.size(); ++i)
            rows[i] = std::string_view(pending_).substr(unhashed_[i].first, unhashed_[i].second);
        leaf_hashes(std::span(rows).first(unhashed_.size()), std::span(leaves).first(unhashed_.size()));
        tree_.add(std::span<const Hash>(leaves).first(unhashed_.size()));
        unhashed_.clear();
    }

    /// Writes and syncs what waits. After a failure it still waits.
    Result<void> flush() {
        if (pending_.empty()) return {};
        if (auto written = wal_.write(pending_); !written) {
            note_fault(written);
            return written;
        }
        durable_ = next_;
        hash_rows();
        pending_.clear();
        look_for_room();
        return {};
    }

    // ---- Faults

    void note_fault(const Result<void>& result) {
        if (!result) note_fault(result.error());
    }
    void note_fault(const Error& error) {
        fault_ = error.message;
        tried_ = Steady::now();
    }

    /// Tries again what failed; clears the fault when all is well.
    void retry(bool at_once) {
        if (!at_once && Steady::now() < tried_ + kRetryAfter) return;
        fault_.clear();
        look_for_room();
        if (!fault_.empty()) return;
        if (!flush()) return;
        if (builder_full()) note_fault(seal());
    }

    /// Sees that the reserve is free; makes room when the options say so.
    void look_for_room() {
        while (!pruning_) {  // what prunes is about to make room
            struct statvfs facts {};
            if (::statvfs(options_.path.c_str(), &facts) != 0)
                return note_fault(host::system_error("asking", options_.path));
            const std::uint64_t free = static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
            if (free >= options_.reserve_bytes) return;
            const Error full{fmt::format("the disk is full: {} bytes free, {} wanted", free, options_.reserve_bytes)};
            if (options_.when_full == WhenFull::keep_old || segments_.empty()) return note_fault(full);
            if (auto dropped = drop(1); !dropped) return note_fault(dropped);
        }
    }

    Error refuse(const Event& event) {
        ++refused_;
        if (refused_since_++ == 0) refused_from_ = refused_until_ = event.time();
        refused_from_ = std::min(refused_from_, event.time());
        refused_until_ = std::max(refused_until_, event.time());
        return Error{fault_}.during("writing the ledger");
    }

    Event loss_record(const FoundLoss& loss) {
        Event event(clock());
        event.set("record.kind", "loss");
        event.set("loss.what", "records");
        if (loss.count) event.set_unsigned("loss.count", *loss.count);
        if (loss.from != 0) event.set_number("loss.from", loss.from);
        if (loss.until != 0) event.set_number("loss.until", loss.until);
        event.set("loss.reason", loss.reason);
        return event;
    }

    Result<void> note_refused() {
        TRY_VOID(put(loss_record({.reason = "the ledger could not be written",
                                  .count = refused_since_,
                                  .from = refused_from_,
                                  .until = refused_until_})));
        refused_since_ = 0;
        return {};
    }

    // ---- Segments

    [[nodiscard]] bool builder_full() const { return builder_.full() || builder_.rows() >= options_.segment_rows; }

    /// Each step may be repeated: after a failure the next call begins anew.
    Result<void> seal() {
        TRY_VOID(flush());
        const Hash root = tree().root();
        const std::string frontier = tree().frontier();
        const std::string bytes = builder_.finish(fields_, bytes_of(root), frontier);
        TRY_VOID(write_segment(options_.path, builder_.first(), bytes));
        TRY(const auto segment, Segment::open(segment_path(options_.path, builder_.first())));
        if (log_->sealed_until() < next_) {
            TRY_VOID(log_->sealed({builder_.first(), tree(), sha256(bytes), tree().take_trail()}));
        }
        const SegmentInfo& info = segment->info();
        const SegmentRow row{.first = info.first,
                             .rows = info.rows,
                             .min_time = info.min_time,
                             .max_time = info.max_time,
                             .bytes = info.file_bytes,
                             .root = info.root,
                             .frontier = info.frontier};
        TRY_VOID(catalogue_->put(row));
        const std::string old = wal_.path();
        TRY(Wal wal, Wal::create(options_.path + "/" + wal_name(next_), {next_, frontier, fields_}));
        wal_ = std::move(wal);
        segments_.push_back(row);
        builder_.reset(next_);
        ::unlink(old.c_str());  // one that stays is removed at the next start
        return prune();
    }

    /// Signs for a segment whose sealing a crash cut short.
    Result<void> attest_last() {
        if (segments_.empty()) return {};
        const SegmentRow& last = segments_.back();
        if (log_->sealed_until() >= last.first + last.rows) return {};
        const std::string path = segment_path(options_.path, last.first);
        TRY(const auto segment, Segment::open(path));
        Tree tree;
        if (last.first > 0) {
            std::string before;
            TRY(const auto known, catalogue_->segments());
            for (const SegmentRow& row : known) {
                if (row.first + row.rows == last.first) before = row.frontier;
            }
            auto read = Tree::from_frontier(before);
            if (!read) return {};  // its forerunner is gone: nothing to begin with
            tree = std::move(*read);
        }
        tree.keep_trail();
        SegmentReader reader(segment);
        std::string rows;
        std::vector<std::uint32_t> ends;
        for (std::size_t page = 0; page < segment->info().pages.size(); ++page) {
            TRY_VOID(reader.rows(page, rows, ends));
            std::uint32_t begin = 0;
            for (const std::uint32_t end : ends) {
                tree.add(leaf_hash(std::string_view(rows).substr(begin, end - begin)));
                begin = end;
            }
        }
        if (tree.frontier() != last.frontier) return {};  // altered: nothing to sign; verify says so
        TRY(const Hash file, hash_file(path));
        Trail trail = tree.take_trail();
        return log_->sealed({last.first, std::move(tree), file, std::move(trail)});
    }

    /// Drops what the options do not keep.
    Result<void> prune() {
        std::size_t count = 0;
        if (options_.keep_for) {
            const Nanoseconds oldest = clock() - std::chrono::nanoseconds(*options_.keep_for).count();
            while (count < segments_.size() && segments_[count].max_time < oldest) ++count;
        }
        if (options_.keep_bytes) {
            std::uint64_t bytes = 0;
            for (std::size_t i = segments_.size(); i-- > count;) {
                bytes += segments_[i].bytes;
                if (bytes <= *options_.keep_bytes) continue;
                count = i + 1;
                break;
            }
        }
        return count == 0 || pruning_ ? Result<void>() : drop(count);
    }

    /// Removes the oldest segments, after the record that says so is on disk.
    Result<void> drop(std::size_t count) {
        pruning_ = true;
        const Result<void> dropped = drop_now(count);
        pruning_ = false;
        return dropped;
    }

    Result<void> drop_now(std::size_t count) {
        const RecordNumber first = segments_.front().first;
        const SegmentRow last = segments_[count - 1];
        Event record(clock());
        record.set("record.kind", "prune");
        record.set_unsigned("ledger.pruned.first", first);
        record.set_unsigned("ledger.pruned.last", last.first + last.rows - 1);
        record.set("ledger.pruned.root", last.root);
        TRY_VOID(put(record));
        TRY_VOID(flush());
        TRY_VOID(catalogue_->mark_pruned(first, last.first + last.rows - 1));
        for (std::size_t i = 0; i < count; ++i) {
            const std::string path = segment_path(options_.path, segments_[i].first);
            if (::unlink(path.c_str()) != 0 && errno != ENOENT) return host::system_error("removing", path);
        }
        segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
        first_kept_ = last.first + last.rows;
        return log_->pruned(first_kept_);
    }

    // ---- Keys

    Result<void> announce(const KeyAnnouncement& key) {
        Event record(clock());
        record.set("record.kind", "key");
        record.set("ledger.key", key.key);
        if (!key.signature.empty()) record.set("ledger.key.signature", key.signature);
        TRY_VOID(put(record));
        TRY_VOID(flush());
        return log_->finish_rotation(next_, tree().root());
    }

    Result<void> rotate() {
        TRY(const KeyAnnouncement key, log_->begin_rotation());
        return announce(key);
    }

    WriterOptions options_;
    host::Fd lock_;
    std::unique_ptr<Catalogue> catalogue_;
    std::unique_ptr<CheckpointLog> log_;
    FieldNumbers fields_;
    std::array<bool, model::kFields.size()> numbered_{};         ///< fields known to have a number
    Tree tree_;                                                  ///< of every record but those in unhashed_; see tree()
    RecordNumber next_ = 0;                                      ///< number that the next record gets
    std::vector<std::pair<std::size_t, std::size_t>> unhashed_;  ///< rows in pending_ that tree_ lacks: begin, size
    std::vector<RowField> parts_;                                ///< of the row that is appended
    SegmentBuilder builder_;
    Wal wal_;
    std::string pending_;  ///< frames that are not synced yet
    Steady::time_point oldest_;
    std::vector<SegmentRow> segments_;
    std::vector<FoundLoss> losses_;
    RecordNumber durable_ = 0;
    RecordNumber first_kept_ = 0;
    std::string fault_;
    Steady::time_point tried_;
    std::uint64_t refused_ = 0;
    std::uint64_t refused_since_ = 0;  ///< not yet told in a `loss` record
    Nanoseconds refused_from_ = 0;
    Nanoseconds refused_until_ = 0;
    RecordNumber signed_size_ = 0;
    Nanoseconds signed_time_ = 0;
    Steady::time_point signed_at_;
    Steady::time_point pruned_at_;
    bool pruning_ = false;
    bool closed_ = false;
};

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Writer::~Writer() {
    static_cast<void>(impl_->close());  // what could not be synced was never acknowledged
}

Result<std::unique_ptr<Writer>> Writer::open(WriterOptions options) {
    if (options.segment_rows == 0 || options.segment_rows > kMaxSegmentRows) {
        return Error{fmt::format("a segment holds 1 to {} rows", kMaxSegmentRows)};
    }
    if (options.host.empty()) options.host = host_name();
    options.path = absolute_path(options.path);
    const auto opened = [&]() -> Result<std::unique_ptr<Writer>> {
        TRY_VOID(make_folders(options.path));
        TRY(host::Fd lock, lock_ledger(options.path));
        TRY(auto catalogue, Catalogue::open(options.path));
        TRY(Recovered found, recover(options.path, *catalogue));
        TRY(auto log, CheckpointLog::open(options.path, options.host));
        auto impl = std::make_unique<Impl>(std::move(options), std::move(lock), std::move(catalogue), std::move(found),
                                           std::move(log));
        TRY_VOID(impl->begin());
        return std::unique_ptr<Writer>(new Writer(std::move(impl)));
    };
    const std::string path = options.path;
    auto writer = opened();
    if (!writer) return writer.error().during("opening the ledger " + printable(path));
    return writer;
}

Result<RecordNumber> Writer::append(const Event& event) { return impl_->append(event); }
milliseconds Writer::tick() { return impl_->tick(); }
Result<RecordNumber> Writer::commit() { return impl_->commit(); }
RecordNumber Writer::durable() const { return impl_->durable(); }
WriterStatus Writer::status() const { return impl_->status(); }
Result<std::string> Writer::checkpoint() { return impl_->checkpoint(); }
Result<void> Writer::close() { return impl_->close(); }

}  // namespace plimsoll::ledger
