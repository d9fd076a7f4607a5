#pragma once

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "audit/log/scan.h"

namespace plimsoll::audit {

// What the tests of this folder share.

inline const std::string kData = std::string(PLIMSOLL_SHARED_DIR) + "/data/audit/";

/// An event that a scan found.
struct Found {
    std::string id;
    std::vector<std::string> lines;
    friend auto operator<=>(const Found&, const Found&) = default;
    friend void PrintTo(const Found& found, std::ostream* out) { *out << found.id << " x" << found.lines.size(); }
};

inline std::string id_text(const EventId& id) {
    return std::string(id.node) + " " + std::to_string(id.milliseconds) + ":" + std::to_string(id.serial);
}

inline std::vector<Found> search(const std::vector<LogFile>& files, const Query& query, const ScanOptions& options = {},
                                 ScanReport* report = nullptr) {
    class Taker final : public EventTaker {
    public:
        explicit Taker(std::vector<Found>& to) : to_(to) {}
        void event(const LogEvent& event, const EventPlace&) override {
            Found found{.id = id_text(event.id), .lines = {}};
            for (const Record& record : event.records) found.lines.emplace_back(record.line);
            mine_.push_back(std::move(found));
        }
        bool deliver() override {
            for (auto& found : mine_) to_.push_back(std::move(found));
            mine_.clear();
            return true;
        }

    private:
        std::vector<Found>& to_;
        std::vector<Found> mine_;
    };
    std::vector<Found> found;
    const auto done = scan(
        files, query, [&] { return std::make_unique<Taker>(found); }, options);
    EXPECT_TRUE(done) << done.error().message;
    if (report != nullptr) *report = *done;
    return found;
}

inline std::vector<Found> search(const std::vector<std::string>& paths, const Query& query,
                                 const ScanOptions& options = {}, ScanReport* report = nullptr) {
    const auto files = open_logs(paths);
    EXPECT_TRUE(files) << files.error().message;
    return files ? search(*files, query, options, report) : std::vector<Found>{};
}

inline std::vector<Found> sorted(std::vector<Found> found) {
    for (auto& event : found) std::ranges::sort(event.lines);
    std::ranges::sort(found);
    return found;
}

inline std::string read_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void write_text(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

inline void write_gzip(const std::string& path, const std::string& text) {
    gzFile file = ::gzopen(path.c_str(), "wb1");
    ASSERT_NE(file, nullptr);
    ASSERT_EQ(::gzwrite(file, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
    ::gzclose(file);
}

inline void write_zstd(const std::string& path, const std::string& text) {
    std::string packed(::ZSTD_compressBound(text.size()), '\0');
    packed.resize(::ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
    write_text(path, packed);
}

}  // namespace plimsoll::audit
