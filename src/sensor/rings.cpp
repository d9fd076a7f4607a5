#include "sensor/rings.h"

#include <linux/bpf.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "host/fd.h"
#include "host/system_error.h"
#include "sensor/wire.h"

namespace plimsoll::sensor {

namespace {

// The kernel's layout (Documentation/bpf/ringbuf.rst): a page with the reader's position, a page with the writer's,
// then the data, which the kernel shows twice in a row so that no record is broken. Every page mapped counts as memory
// of the process, so it is mapped once here, and the one record that goes round the end is put together. Before each
// record stand its length, with two bits of state, and a number that is the kernel's own.
constexpr std::size_t kRecordHead = BPF_RINGBUF_HDR_SZ;

class MappedRing {
public:
    MappedRing(void* reader, void* writer, std::size_t bytes, std::size_t page)
        : reader_(reader), writer_(writer), bytes_(bytes), page_(page) {
        read_ = position(reader_).load(std::memory_order_acquire);
        freed_ = read_;
    }
    MappedRing(MappedRing&& other) noexcept { *this = std::move(other); }
    MappedRing& operator=(MappedRing&& other) noexcept {
        std::swap(reader_, other.reader_);
        std::swap(writer_, other.writer_);
        bytes_ = other.bytes_;
        page_ = other.page_;
        read_ = other.read_;
        freed_ = other.freed_;
        broken_ = std::move(other.broken_);
        return *this;
    }
    MappedRing(const MappedRing&) = delete;
    MappedRing& operator=(const MappedRing&) = delete;
    ~MappedRing() {
        if (reader_ != nullptr) ::munmap(reader_, page_);
        if (writer_ != nullptr) ::munmap(writer_, page_ + bytes_);
    }

    /// The record that is next, if its writer has finished it. Valid until the next call.
    [[nodiscard]] std::span<const std::byte> next() {
        while (read_ < position(writer_).load(std::memory_order_acquire)) {
            const std::size_t at = read_ & (bytes_ - 1);
            std::byte* const record = data() + at;
            const std::uint32_t length =
                std::atomic_ref(*reinterpret_cast<std::uint32_t*>(record)).load(std::memory_order_acquire);
            if ((length & BPF_RINGBUF_BUSY_BIT) != 0) return {};
            const std::size_t size = length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
            step_ = (kRecordHead + size + 7) / 8 * 8;
            if ((length & BPF_RINGBUF_DISCARD_BIT) == 0 && size >= sizeof(WireEvent))
                return at + kRecordHead + size <= bytes_ ? std::span(record + kRecordHead, size) : joined(at, size);
            read_ += step_;
        }
        return {};
    }

    /// The record is done with; its room is given back after a while, or by free().
    void pass() {
        read_ += step_;
        if (read_ - freed_ > bytes_ / 16) free();
    }

    void free() {
        if (read_ == freed_) return;
        position(reader_).store(read_, std::memory_order_release);
        freed_ = read_;
    }

    [[nodiscard]] double used() const {
        const auto waits = position(writer_).load(std::memory_order_relaxed) - freed_;
        return static_cast<double>(waits) / static_cast<double>(bytes_);
    }

private:
    static std::atomic_ref<std::uint64_t> position(void* page) {
        return std::atomic_ref(*static_cast<std::uint64_t*>(page));
    }

    [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(writer_) + page_; }

    /// The record of that size at the end of the data, which goes on at the beginning.
    [[nodiscard]] std::span<const std::byte> joined(std::size_t at, std::size_t size) {
        const std::size_t before = bytes_ - at - kRecordHead;
        broken_.assign(data() + at + kRecordHead, data() + bytes_);
        broken_.insert(broken_.end(), data(), data() + (size - before));
        return broken_;
    }

    void* reader_ = nullptr;
    void* writer_ = nullptr;
    std::size_t bytes_ = 0;
    std::size_t page_ = 0;
    std::uint64_t read_ = 0;   ///< what was handed over
    std::uint64_t freed_ = 0;  ///< what the kernel knows of it
    std::size_t step_ = 0;
    std::vector<std::byte> broken_;  ///< the last record that went round the end
};

std::uint64_t time_of(std::span<const std::byte> event) {
    return reinterpret_cast<const WireEvent*>(event.data())->time;
}

/// A ring whose next record is at hand.
struct Head {
    std::uint64_t time;
    std::size_t ring;
    std::span<const std::byte> event;
};

class KernelRings final : public Rings {
public:
    KernelRings(std::vector<MappedRing> rings, host::Fd ready) : rings_(std::move(rings)), ready_(std::move(ready)) {}

    std::size_t drain(std::size_t most, const Take& take) override {
        // What is younger waits for the next time: while one ring is read, a process may write an event into one that
        // was found empty and a later one into a third.
        const std::uint64_t until = settled();
        const auto later = [](const Head& one, const Head& other) { return one.time > other.time; };
        heads_.clear();
        for (std::size_t i = 0; i < rings_.size(); ++i)
            if (const auto event = rings_[i].next(); !event.empty()) heads_.push_back({time_of(event), i, event});
        std::make_heap(heads_.begin(), heads_.end(), later);
        std::size_t taken = 0;
        while (taken < most && !heads_.empty()) {
            if (heads_.front().time >= until) break;
            std::pop_heap(heads_.begin(), heads_.end(), later);
            Head& head = heads_.back();
            take(head.event);
            ++taken;
            MappedRing& ring = rings_[head.ring];
            ring.pass();
            head.event = ring.next();
            if (head.event.empty()) {
                heads_.pop_back();
                continue;
            }
            head.time = time_of(head.event);
            std::push_heap(heads_.begin(), heads_.end(), later);
        }
        for (MappedRing& ring : rings_) ring.free();
        return taken;
    }

    void wait(std::chrono::milliseconds most) override {
        epoll_event event{};
        ::epoll_wait(ready_.get(), &event, 1, static_cast<int>(most.count()));
    }

    [[nodiscard]] double fullest() const override {
        double most = 0;
        for (const MappedRing& ring : rings_) most = std::max(most, ring.used());
        return most;
    }

private:
    /// Events that were begun before this time are whole by now: the kernel writes each without a pause.
    static std::uint64_t settled() {
        constexpr std::uint64_t kWriting = 100'000;  // nanoseconds; an exec with 128 KiB of arguments takes about half
        timespec now{};
        clock_gettime(CLOCK_BOOTTIME, &now);
        return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec) -
               kWriting;
    }

    std::vector<MappedRing> rings_;
    host::Fd ready_;
    std::vector<Head> heads_;
};

}  // namespace

Result<std::unique_ptr<Rings>> Rings::open(std::span<const Rings::Ring> rings) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    host::Fd ready(::epoll_create1(EPOLL_CLOEXEC));
    if (!ready) return host::system_error("waiting for the kernel's rings", "");
    std::vector<MappedRing> open;
    for (const Rings::Ring& each : rings) {
        void* const reader = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, each.map, 0);
        if (reader == MAP_FAILED) return host::system_error("mapping a ring of the kernel", "");
        void* const writer =
            ::mmap(nullptr, page + each.bytes, PROT_READ, MAP_SHARED, each.map, static_cast<off_t>(page));
        if (writer == MAP_FAILED) {
            const int number = errno;
            ::munmap(reader, page);
            return host::system_error("mapping a ring of the kernel", "", number);
        }
        open.emplace_back(reader, writer, each.bytes, page);
        epoll_event event{.events = EPOLLIN, .data = {}};
        if (::epoll_ctl(ready.get(), EPOLL_CTL_ADD, each.map, &event) != 0)
            return host::system_error("waiting for a ring of the kernel", "");
    }
    return std::unique_ptr<Rings>(std::make_unique<KernelRings>(std::move(open), std::move(ready)));
}

}  // namespace plimsoll::sensor
