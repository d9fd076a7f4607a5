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
#include "ledger/intake.h"
#include "ledger/kept_segments.h"
#include "ledger/lock.h"
#include "ledger/recovery.h"
#include "ledger/replace_file.h"
#include "ledger/segment.h"
#include "ledger/side_work.h"
#include "ledger/tree.h"

namespace plimsoll::ledger {

using model::Event;
using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kRetryAfter{200};  // between attempts to write to a disk that refused
constexpr std::chrono::seconds kPruneEvery{10};
constexpr milliseconds kIdle{1000};
constexpr std::size_t kMostAhead = 16;  // times commit_bytes, that wait while the disk syncs what came before

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
          log_(std::move(log)),
          losses_(std::move(found.losses)),
          kept_(options_.path, std::move(catalogue), std::move(found.segments), found.first_kept),
          intake_(std::move(found), options_.segment_rows, [this] {
              auto sealed = seal();
              note_fault(sealed);
              return sealed;
          }) {}

    /// Writes what a new run of the ledger begins with.
    Result<void> begin() {
        TRY_VOID(kept_.attest_last(log()));
        if (const auto key = log().pending()) TRY_VOID(announce(*key));
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
        if (intake_.waiting_bytes() >= options_.commit_bytes) write_beside();
        return number;
    }

    milliseconds tick() {
        const auto now = Steady::now();
        if (!fault_.empty()) retry(true);
        note_written();
        if (intake_.waiting_bytes() > 0 && now >= intake_.waiting_since() + options_.commit_after)
            static_cast<void>(flush());  // a failure is kept in fault_
        else if (intake_.waiting_bytes() >= options_.commit_bytes)
            write_beside();
        if (fault_.empty() && refused_since_ > 0) static_cast<void>(note_refused());
        if (fault_.empty() && intake_.segment_is_full()) note_fault(seal());
        if (auto ended = signing_.ended()) note_signed(*ended);
        if (fault_.empty() && signed_size_ != intake_.next() && !signing_.pending() &&
            now >= signed_at_ + options_.checkpoint_every) {
            sign_beside();
        }
        if (fault_.empty() && clock() - log_->key_since() >= std::chrono::nanoseconds(options_.key_epoch).count()) {
            note_fault(rotate());
        }
        if (now >= pruned_at_ + kPruneEvery) {
            pruned_at_ = now;
            if (fault_.empty()) note_fault(prune());
        }
        milliseconds next = fault_.empty() ? kIdle : kRetryAfter;
        if (intake_.waiting_bytes() > 0 && fault_.empty())
            next = std::min(next, until(intake_.waiting_since() + options_.commit_after, now));
        if (intake_.writing()) next = std::min(next, options_.commit_after);
        if (signed_size_ != intake_.next() && fault_.empty()) {
            next = std::min(next, until(signed_at_ + options_.checkpoint_every, now));
        }
        return next;
    }

    Result<RecordNumber> commit() {
        if (!fault_.empty()) retry(true);
        TRY_VOID(flush());
        return intake_.durable();
    }

    Result<RecordNumber> commit_beside() {
        if (fault_.empty()) write_beside();
        if (!fault_.empty()) return commit();
        return intake_.durable();
    }

    Result<std::string> checkpoint() {
        TRY_VOID(flush());
        TRY(std::string note, log().sign(intake_.next(), intake_.tree().root()));
        signed_size_ = intake_.next();
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

    [[nodiscard]] RecordNumber durable() const { return intake_.durable(); }

    [[nodiscard]] WriterStatus status() const {
        return {.next = intake_.next(),
                .durable = intake_.durable(),
                .first_kept = kept_.first_kept(),
                .segments = kept_.size(),
                .sealed_bytes = kept_.bytes(),
                .tail_bytes = intake_.log_bytes(),
                .refused = refused_,
                .fault = fault_,
                .checkpoint_time = signed_time_,
                .checkpoint_size = signed_size_};
    }

private:
    [[nodiscard]] Nanoseconds clock() const { return options_.clock ? options_.clock() : now(); }

    Result<RecordNumber> put(const Event& event) { return intake_.put(event); }

    /// Writes and syncs what waits, or waits until it is written. After a failure it still waits.
    Result<void> flush() {
        if (intake_.waiting_bytes() == 0 && !intake_.writing()) return {};
        if (auto written = intake_.write(); !written) {
            note_fault(written);
            return written;
        }
        look_for_room();
        return {};
    }

    /// Writes and syncs what waits while more is appended; waits for the disk only when too much would gather.
    void write_beside() {
        note_written();
        if (!fault_.empty()) return;
        if (intake_.writing()) {
            if (intake_.waiting_bytes() >= kMostAhead * options_.commit_bytes) static_cast<void>(flush());
            return;
        }
        if (intake_.waiting_bytes() > 0) intake_.begin_write();
    }

    /// What was written beside, if it has ended. A failure is kept in fault_.
    void note_written() {
        const auto written = intake_.written();
        if (!written) return;
        if (!*written) return note_fault(*written);
        look_for_room();
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
        if (intake_.segment_is_full()) note_fault(seal());
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
            if (options_.when_full == WhenFull::keep_old || kept_.empty()) return note_fault(full);
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

    // ---- Checkpoints

    /// Signs a checkpoint of everything appended so far while more is appended: it takes the disk three syncs.
    void sign_beside() {
        if (!flush()) return;  // the failure is kept in fault_
        signed_at_ = Steady::now();
        signing_size_ = intake_.next();
        signing_time_ = clock();
        signing_.begin([this, size = signing_size_, root = intake_.tree().root()]() -> Result<void> {
            TRY_VOID(log_->sign(size, root));
            return {};
        });
    }

    void note_signed(const Result<void>& outcome) {
        if (!outcome) return note_fault(outcome);
        signed_size_ = signing_size_;
        signed_time_ = signing_time_;
    }

    /// The signing side, once nothing is being signed beside.
    CheckpointLog& log() {
        if (signing_.pending()) note_signed(signing_.wait());
        return *log_;
    }

    // ---- Segments

    /// Each step may be repeated: after a failure the next call begins anew.
    Result<void> seal() {
        TRY_VOID(flush());
        const SegmentEnd end = intake_.end_segment();
        TRY(SegmentRow row, kept_.write(end.first, end.bytes));
        if (log().sealed_until() < intake_.next()) {
            Tree& tree = intake_.tree();
            TRY_VOID(log().sealed({end.first, tree, sha256(end.bytes), tree.take_trail()}));
        }
        TRY_VOID(kept_.note(row));
        TRY_VOID(intake_.begin_segment(options_.path));
        kept_.add(std::move(row));
        return prune();
    }

    /// Drops what the options do not keep.
    Result<void> prune() {
        const std::size_t count = kept_.expired(options_, clock());
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
        TRY_VOID(put(kept_.prune_record(count, clock())));
        TRY_VOID(flush());
        TRY_VOID(kept_.remove(count));
        return log().pruned(kept_.first_kept());
    }

    // ---- Keys

    Result<void> announce(const KeyAnnouncement& key) {
        Event record(clock());
        record.set("record.kind", "key");
        record.set("ledger.key", key.key);
        if (!key.signature.empty()) record.set("ledger.key.signature", key.signature);
        TRY_VOID(put(record));
        TRY_VOID(flush());
        return log().finish_rotation(intake_.next(), intake_.tree().root());
    }

    Result<void> rotate() {
        TRY(const KeyAnnouncement key, log().begin_rotation());
        return announce(key);
    }

    WriterOptions options_;
    host::Fd lock_;
    std::unique_ptr<CheckpointLog> log_;
    std::vector<FoundLoss> losses_;
    KeptSegments kept_;
    Intake intake_;
    std::string fault_;
    Steady::time_point tried_;
    std::uint64_t refused_ = 0;
    std::uint64_t refused_since_ = 0;  ///< not yet told in a `loss` record
    Nanoseconds refused_from_ = 0;
    Nanoseconds refused_until_ = 0;
    RecordNumber signed_size_ = 0;
    Nanoseconds signed_time_ = 0;
    Steady::time_point signed_at_;
    RecordNumber signing_size_ = 0;
    Nanoseconds signing_time_ = 0;
    Steady::time_point pruned_at_;
    bool pruning_ = false;
    bool closed_ = false;
    SideWork signing_;  ///< last: it uses log_
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
Result<RecordNumber> Writer::commit_beside() { return impl_->commit_beside(); }
RecordNumber Writer::durable() const { return impl_->durable(); }
WriterStatus Writer::status() const { return impl_->status(); }
Result<std::string> Writer::checkpoint() { return impl_->checkpoint(); }
Result<void> Writer::close() { return impl_->close(); }

}  // namespace plimsoll::ledger
