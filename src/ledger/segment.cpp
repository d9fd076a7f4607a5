#include "ledger/segment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <numeric>

#include "host/fd.h"
#include "host/system_error.h"
#include "ledger/crc32c.h"
#include "ledger/segment_layout.h"
#include "ledger/tree.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

using segment_format::Rows;

namespace {

constexpr std::string_view kSuffix = ".seg";
constexpr std::size_t kMaxText = 4096;
constexpr std::size_t kMaxColumns = kMaxFields * (kLastWire + 1);

using Layout = Segment::Layout;

/// Reads the footer; chunks lie in the body one behind the other in the order in which the footer names them.
class FooterReader {
public:
    FooterReader(std::string_view footer, Layout& layout)
        : in_(footer), layout_(layout), place_(segment_format::kHead) {}

    Result<void> read() {
        read_general();
        TRY_VOID(read_fields());
        read_columns();
        if (!in_.ok()) return Error{"the footer is malformed"};
        const std::uint64_t pages = in_.varint(segment_format::kMaxPages);
        for (std::uint64_t page = 0; page < pages && in_.ok() && good_; ++page) read_page();
        for (std::size_t column = 0; column < layout_.info.columns.size(); ++column) {
            const ColumnInfo& info = layout_.info.columns[column];
            if (is_number(info.wire)) continue;
            good_ = good_ && known_[column] == info.values;
            layout_.hashes[column] = chunk();
            layout_.masks[column] = chunk();
            layout_.rare[column] = chunk();
            const std::size_t hashes = layout_.hashes[column].size;
            good_ = good_ && (hashes == 0 || hashes == info.values * std::size_t{2});
        }
        std::uint32_t rows = 0;
        for (const PageInfo& page : layout_.info.pages) rows += page.rows;
        if (!in_.ok() || !good_ || in_.left() != 0 || rows != layout_.info.rows || place_ != layout_.body_end) {
            return Error{"the footer is malformed"};
        }
        return {};
    }

private:
    void read_general() {
        SegmentInfo& info = layout_.info;
        info.first = in_.fixed<std::uint64_t>();
        info.rows = static_cast<std::uint32_t>(in_.varint(kMaxSegmentRows));
        info.min_time = in_.fixed<std::int64_t>();
        info.max_time = in_.fixed<std::int64_t>();
        info.root = std::string(in_.take(32));
        info.frontier = std::string(in_.text(kMaxText));
        info.sha256 = std::string(in_.take(32));
    }

    Result<void> read_fields() {
        const std::uint64_t count = in_.varint(kMaxFields);
        for (std::uint64_t n = 0; n < count && in_.ok(); ++n) {
            const std::string_view name = in_.text(kMaxText);
            const std::string_view type = in_.text(kMaxText);
            if (in_.ok()) TRY_VOID(layout_.info.fields.add(static_cast<FieldNumber>(n), name, type));
        }
        return {};
    }

    void read_columns() {
        const std::uint64_t count = in_.varint(std::min<std::uint64_t>(kMaxColumns, in_.left()));
        for (std::uint64_t n = 0; n < count && in_.ok(); ++n) {
            ColumnInfo info;
            info.field = static_cast<FieldNumber>(in_.varint(kMaxFields - 1));
            const auto wire = in_.fixed<std::uint8_t>();
            good_ = good_ && wire <= kLastWire;
            info.wire = static_cast<Wire>(wire);
            info.rows = static_cast<std::uint32_t>(in_.varint(layout_.info.rows));
            if (is_number(info.wire)) {
                info.min_bits = in_.fixed<std::uint64_t>();
                info.max_bits = in_.fixed<std::uint64_t>();
            } else {
                info.values = static_cast<std::uint32_t>(in_.varint(std::min<std::uint64_t>(kAbsent, info.rows)));
            }
            layout_.info.columns.push_back(info);
        }
        const std::size_t columns = layout_.info.columns.size();
        layout_.blocks.resize(columns);
        layout_.hashes.resize(columns);
        layout_.masks.resize(columns);
        layout_.rare.resize(columns);
        known_.resize(columns);
        layout_.by_field.resize(columns);
        std::iota(layout_.by_field.begin(), layout_.by_field.end(), 0U);
        std::ranges::stable_sort(layout_.by_field, {}, [&](std::size_t n) { return layout_.info.columns[n].field; });
    }

    void read_page() {
        PageInfo page;
        if (!layout_.info.pages.empty()) {
            page.first_row = layout_.info.pages.back().first_row + layout_.info.pages.back().rows;
        }
        page.rows = static_cast<std::uint32_t>(in_.varint(kMaxSegmentRows));
        page.min_time = in_.fixed<std::int64_t>();
        page.max_time = in_.fixed<std::int64_t>();
        good_ = good_ && page.rows > 0;
        layout_.times.push_back(chunk());
        const std::size_t columns = layout_.info.columns.size();
        const std::size_t first = layout_.parts.size();
        layout_.parts.resize(first + columns);
        for (std::size_t column = 0; column < columns && in_.ok() && good_; ++column) {
            read_part(column, page, layout_.parts[first + column]);
        }
        layout_.info.pages.push_back(page);
        for (std::size_t column = 0; column < columns && good_; ++column) {
            check_parents(column, layout_.parts[first + column], first);
        }
    }

    void read_part(std::size_t column, const PageInfo& page, Layout::Part& part) {
        const auto rows = in_.fixed<std::uint8_t>();
        good_ = good_ && rows <= static_cast<std::uint8_t>(Rows::by_parent);
        part.rows = static_cast<Rows>(rows);
        part.known = known_[column];
        if (part.rows == Rows::none) return;
        const bool dictionary = !is_number(layout_.info.columns[column].wire);
        if (part.rows == Rows::by_parent) {
            part.presence_parent = static_cast<std::uint16_t>(in_.varint(layout_.info.columns.size() - 1));
        }
        part.count = part.rows == Rows::all ? page.rows : static_cast<std::uint32_t>(in_.varint(page.rows));
        if (part.rows == Rows::bitmap || part.rows == Rows::by_parent) part.presence = chunk();
        part.parent = static_cast<std::uint32_t>(in_.varint(layout_.info.columns.size()));
        part.values = chunk();
        if (!dictionary) return;
        const std::uint64_t count = in_.varint(kAbsent);
        for (std::uint64_t n = 0; n < count && in_.ok(); ++n) read_block(column);
    }

    void read_block(std::size_t column) {
        Layout::Block block;
        block.first = known_[column];
        block.count = static_cast<std::uint32_t>(in_.varint(layout_.info.columns[column].values - known_[column]));
        block.raw = in_.varint(kMaxRow + segment_format::kBlockBytes);
        block.chunk = chunk();
        known_[column] += block.count;
        raw_ += block.raw;
        good_ = good_ && block.count > 0 && raw_ <= segment_format::kMaxValueBytes;
        layout_.blocks[column].push_back(block);
    }

    /// A parent must stand on its own, so that following parents ends.
    void check_parents(std::size_t column, const Layout::Part& part, std::size_t first) {
        const auto stands_alone = [&](std::size_t parent) {
            return parent != column && !is_number(layout_.info.columns[parent].wire) &&
                   layout_.parts[first + parent].parent == 0;
        };
        if (part.rows == Rows::by_parent) {
            const bool whole = layout_.parts[first + part.presence_parent].rows == Rows::all;
            good_ = good_ && whole && stands_alone(part.presence_parent);
        }
        if (part.parent != 0) good_ = good_ && stands_alone(part.parent - 1);
    }

    Layout::Chunk chunk() {
        const Layout::Chunk chunk{.offset = place_, .size = in_.varint(layout_.body_end - place_)};
        place_ += chunk.size;
        return chunk;
    }

    ByteReader in_;
    Layout& layout_;
    std::size_t place_;
    std::size_t raw_ = 0;
    bool good_ = true;
    std::vector<std::uint32_t> known_;  ///< values read so far, by column
};

Result<void> read_layout(Layout& layout) {
    const std::string_view bytes = layout.bytes;
    layout.info.file_bytes = bytes.size();
    if (bytes.size() < segment_format::kHead + segment_format::kTrail || !bytes.starts_with(segment_format::kMagic)) {
        return Error{"this is no segment of the ledger"};
    }
    ByteReader head(bytes.substr(segment_format::kMagic.size()));
    const auto version = head.fixed<std::uint32_t>();
    static_cast<void>(head.fixed<std::uint32_t>());
    const auto first = head.fixed<std::uint64_t>();
    if (version != segment_format::kVersion) {
        return Error{
            fmt::format("version {} of the segment's format; this build knows {}", version, segment_format::kVersion)};
    }
    ByteReader trail(bytes.substr(bytes.size() - segment_format::kTrail));
    const auto size = trail.fixed<std::uint64_t>();
    const auto crc = trail.fixed<std::uint32_t>();
    const auto last_version = trail.fixed<std::uint32_t>();
    const std::size_t room = bytes.size() - segment_format::kHead - segment_format::kTrail;
    if (trail.take(8) != segment_format::kEndMagic || last_version != version || size > room) {
        return Error{"the segment does not end as it should: it was cut or overwritten"};
    }
    layout.body_end = bytes.size() - segment_format::kTrail - size;
    const std::string_view footer = bytes.substr(layout.body_end, size);
    if (crc32c(footer) != crc) return Error{"the segment's footer is damaged"};
    TRY_VOID(FooterReader(footer, layout).read());
    if (layout.info.first != first) return Error{"head and footer of the segment disagree"};
    return {};
}

}  // namespace

Segment::Layout::~Layout() {
    if (mapped != nullptr) ::munmap(mapped, bytes.size());
}

Segment::Segment(std::unique_ptr<Layout> layout) : layout_(std::move(layout)) {}
Segment::~Segment() = default;

Result<std::shared_ptr<const Segment>> Segment::open(const std::string& path) {
    const host::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return host::system_error("opening", path);
    struct stat facts {};
    if (::fstat(fd.get(), &facts) != 0) return host::system_error("reading", path);
    if (!S_ISREG(facts.st_mode)) return Error{printable(path) + " is no regular file"};
    auto layout = std::make_unique<Layout>();
    if (facts.st_size > 0) {
        void* map = ::mmap(nullptr, static_cast<std::size_t>(facts.st_size), PROT_READ, MAP_SHARED, fd.get(), 0);
        if (map == MAP_FAILED) return host::system_error("mapping", path);
        layout->mapped = map;
        layout->bytes = {static_cast<const char*>(map), static_cast<std::size_t>(facts.st_size)};
    }
    if (auto read = read_layout(*layout); !read) return read.error().during("reading " + printable(path));
    return std::shared_ptr<const Segment>(new Segment(std::move(layout)));
}

Result<std::shared_ptr<const Segment>> Segment::parse(std::string bytes) {
    auto layout = std::make_unique<Layout>();
    layout->owned = std::move(bytes);
    layout->bytes = layout->owned;
    TRY_VOID(read_layout(*layout));
    return std::shared_ptr<const Segment>(new Segment(std::move(layout)));
}

const SegmentInfo& Segment::info() const { return layout_->info; }

std::optional<std::size_t> Segment::column(FieldNumber field, Wire wire) const {
    for (std::size_t n = 0; n < layout_->info.columns.size(); ++n) {
        const ColumnInfo& column = layout_->info.columns[n];
        if (column.field == field && column.wire == wire) return n;
    }
    return std::nullopt;
}

std::vector<std::size_t> Segment::columns(FieldNumber field) const {
    std::vector<std::size_t> found;
    for (std::size_t n = 0; n < layout_->info.columns.size(); ++n) {
        if (layout_->info.columns[n].field == field) found.push_back(n);
    }
    return found;
}

bool Segment::body_is_intact() const {
    const Hash sum = sha256(layout_->bytes.substr(0, layout_->body_end));
    return std::memcmp(sum.data(), layout_->info.sha256.data(), sum.size()) == 0;
}

std::string segment_name(RecordNumber first) { return fmt::format("{:016}{}", first, kSuffix); }

std::optional<RecordNumber> parse_segment_name(std::string_view name) {
    if (!name.ends_with(kSuffix)) return std::nullopt;
    name.remove_suffix(kSuffix.size());
    RecordNumber first = 0;
    const auto [end, fault] = std::from_chars(name.data(), name.data() + name.size(), first);
    if (name.size() < 16 || fault != std::errc() || end != name.data() + name.size()) return std::nullopt;
    return first;
}

}  // namespace plimsoll::ledger
