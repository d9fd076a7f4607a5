#pragma once

#include <string>
#include <vector>

#include "ledger/note.h"

namespace plimsoll::cli {

// Exit codes of `verify` beside those of every command; docs/ledger-format.md, "Integrity".
inline constexpr int kTampered = 1;
inline constexpr int kIncomplete = 2;

/// `verify --proof`: a proof alone, without its ledger.
struct ProofQuestion {
    std::string file;
    std::vector<ledger::VerifierKey> keys;  ///< known from elsewhere: of the ledger, or of witnesses
    bool as_json = false;
};

/// Says whether the proof holds and what it shows; the exit code.
[[nodiscard]] int verify_proof(const ProofQuestion& question);

}  // namespace plimsoll::cli
