#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/http_post.h"
#include "ledger/note.h"

namespace plimsoll::ledger {

class LedgerTree;

/// What became of one submission.
struct WitnessOutcome {
    enum class Kind : std::uint8_t {
        cosigned,     ///< the witness holds and signed the latest checkpoint
        unreachable,  ///< no answer, or none that means anything; try again later
        refused,      ///< the witness does not know this ledger or its key
        conflict,     ///< the witness holds something that this ledger does not lead to: an alarm
    };
    Kind kind = Kind::unreachable;
    std::uint64_t size = 0;  ///< cosigned; of a conflict: what the witness holds
    std::string message;
};

/// Sends a ledger's latest checkpoint to one witness and keeps its cosignature: DIR/witness-KEYID.note is the newest
/// checkpoint with both signatures. Reads the ledger's files like any reader. One thread.
class WitnessClient {
public:
    /// `url`: of the witness, without /add-checkpoint. `key`: its verifier key, type 0x04.
    static Result<std::unique_ptr<WitnessClient>> open(std::string ledger, std::string_view url, VerifierKey key);
    ~WitnessClient();
    WitnessClient(const WitnessClient&) = delete;
    WitnessClient& operator=(const WitnessClient&) = delete;

    /// One submission, with at most a few exchanges (old size unknown, key changed). Does nothing, and says `cosigned`,
    /// when the witness signed this very checkpoint before.
    WitnessOutcome submit(const host::Patience& patience);

private:
    WitnessClient(std::string ledger, host::PostUrl url, VerifierKey key);
    Result<host::PostAnswer> post(std::string_view what, std::string_view body, const host::Patience& patience);
    Result<void> hand_over_keys(const std::string& origin, const host::Patience& patience);
    Result<void> keep(const Note& checkpoint, std::string_view answer);
    [[nodiscard]] std::string file() const;

    std::string ledger_;
    host::PostUrl url_;
    VerifierKey key_;
    std::unique_ptr<LedgerTree> tree_;
    std::uint64_t held_ = 0;  ///< size that the witness is believed to hold
    std::string done_;        ///< the checkpoint that it cosigned last
};

/// Name of the file in a ledger's folder that keeps a witness's newest cosigned checkpoint.
[[nodiscard]] std::string cosigned_name(const VerifierKey& witness);
[[nodiscard]] bool is_cosigned_name(std::string_view name);

}  // namespace plimsoll::ledger
