#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/checkpoint.h"
#include "ledger/keys.h"
#include "ledger/note.h"

namespace plimsoll::ledger {

inline constexpr std::size_t kAddCheckpointBytes = kNoteBytes + std::size_t{8} * 1024;

/// What is sent to a witness: c2sp.org/tlog-witness.
struct AddCheckpoint {
    std::uint64_t old = 0;
    std::vector<Hash> path;
    std::string checkpoint;  ///< the signed note
};

[[nodiscard]] std::string to_text(const AddCheckpoint& request);
[[nodiscard]] Result<AddCheckpoint> parse_add_checkpoint(std::string_view body);

/// An answer for HTTP.
struct WitnessAnswer {
    unsigned status = 200;
    std::string body;
    std::string content_type = "text/plain; charset=utf-8";
};

/// Keeps the latest checkpoint of each log it knows, signs it after having checked that it goes on from the one before,
/// and never goes back. State in one folder: `key` (secret), and for each log, named by the first 16 hex digits of its
/// origin's SHA-256, NAME.note (the checkpoint with log's and witness's signatures) and NAME.keys (the keys that were
/// trusted, the newest last). Any thread.
class Witness {
public:
    /// Opens the folder, making it and the key when absent. `name` is used for a new key only.
    static Result<std::unique_ptr<Witness>> open(std::string folder, const std::string& name,
                                                 std::function<std::uint64_t()> seconds = {});

    /// Trusts a log from now on; its origin is the key's name. A log whose key has moved on keeps its newest key.
    Result<void> add_log(const VerifierKey& key);

    /// POST /add-checkpoint.
    WitnessAnswer add_checkpoint(std::string_view body);

    /// POST /add-key, our addition: ORIGIN, a line "VERIFIERKEY SIGNATURE" in which the newest trusted key signs the
    /// next one. A key that is trusted already is answered 200 too.
    WitnessAnswer add_key(std::string_view body);

    /// GET /checkpoints, our addition: all that is held, each note followed by an empty line.
    [[nodiscard]] WitnessAnswer checkpoints() const;

    [[nodiscard]] const VerifierKey& verifier() const { return key_->verifier(); }
    [[nodiscard]] std::size_t logs() const;

private:
    struct Log {
        std::vector<VerifierKey> keys;  ///< trusted; the newest last
        Checkpoint held;                ///< of size 0 before the first
        std::string note;
    };

    Witness() = default;
    [[nodiscard]] std::string file(std::string_view origin, std::string_view suffix) const;
    Result<void> load(const std::string& origin, Log& log) const;

    std::string folder_;
    std::unique_ptr<SigningKey> key_;
    std::function<std::uint64_t()> seconds_;
    mutable std::mutex mutex_;
    std::map<std::string, Log, std::less<>> logs_;
};

}  // namespace plimsoll::ledger
