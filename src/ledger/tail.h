#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/segment.h"
#include "ledger/writer.h"

namespace plimsoll::ledger {

/// The rows of a log that is being written, as far as they were whole when it was read last.
class Tail {
public:
    explicit Tail(std::string path) : path_(std::move(path)) {}

    /// Reads what was added since; half a frame at the end is not there yet. False when there is no such file (any
    /// more); what was read stays.
    [[nodiscard]] Result<bool> refresh();

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] RecordNumber first() const { return first_; }
    [[nodiscard]] std::size_t rows() const { return ends_.size(); }
    [[nodiscard]] RecordNumber end() const { return first_ + rows(); }
    [[nodiscard]] std::string_view row(std::size_t index) const;
    [[nodiscard]] const FieldNumbers& fields() const { return fields_; }

    /// Full stretches of rows as segments in memory, from the first row on: a reader that asks again and again reads
    /// them by columns. Empty at the first look, which would gain nothing.
    [[nodiscard]] const std::vector<std::shared_ptr<const Segment>>& packed() const { return packed_; }

    /// Why rows that follow cannot be read; empty when all is well.
    [[nodiscard]] const std::string& fault() const { return fault_; }

private:
    [[nodiscard]] Result<void> begin();
    void take_frames();
    void pack();

    std::string path_;
    std::string bytes_;
    std::size_t good_ = 0;  ///< offset behind the last whole frame; 0 before the head is read
    RecordNumber first_ = 0;
    std::vector<std::size_t> ends_;  ///< offset behind each row
    std::vector<std::size_t> begins_;
    FieldNumbers fields_;
    std::vector<std::shared_ptr<const Segment>> packed_;  ///< of kPageRows rows each
    std::string fault_;
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
};

}  // namespace plimsoll::ledger
