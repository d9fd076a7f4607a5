#pragma once

#include <memory>
#include <unordered_set>
#include <vector>

#include "audit/assembler.h"
#include "audit/log/header_filter.h"
#include "audit/log/matcher.h"
#include "audit/log/pieces.h"
#include "audit/log/scan.h"

namespace plimsoll::audit {

struct EventIdHash {
    [[nodiscard]] std::size_t operator()(const EventId& id) const {
        const auto mixed = (static_cast<std::uint64_t>(id.milliseconds) * 0x9E3779B97F4A7C15ULL) ^ id.serial;
        return static_cast<std::size_t>((mixed * 0xBF58476D1CE4E5B9ULL) >> 8U);
    }
};

/// Puts the events of one piece together and judges them. An event belongs to the piece in which its first record
/// stands; records of it in the margin behind are added, those of events that began in the margin before are passed
/// over. One thread; memory is kept for the next piece.
class PieceScan {
public:
    /// Borrows all three. `literals` empty: every line is read as a record.
    PieceScan(Matcher& matcher, const Literals& literals, EventTaker& taker);
    ~PieceScan();

    void run(const Piece& piece, ScanCounts& counts);

private:
    class Judge;

    void read_all(const Piece& piece, ScanCounts& counts);
    void read_hits(const Piece& piece, ScanCounts& counts);
    bool find_candidates(const Piece& piece, ScanCounts& counts);
    void add_wanted(const EventId& id);

    const Literals& literals_;
    std::unique_ptr<Judge> judge_;
    Assembler assembler_;                       ///< empty between pieces
    std::vector<std::size_t> places_;           ///< of literals
    std::vector<std::string_view> candidates_;  ///< lines that may be of a wanted event
    HeaderFilter filter_;
    std::unordered_set<EventId, EventIdHash> wanted_;   ///< events with a literal
    std::unordered_set<EventId, EventIdHash> earlier_;  ///< events that began before the piece
    std::unordered_set<EventId, EventIdHash> open_;     ///< events of the piece that may go on behind it
};

}  // namespace plimsoll::audit
