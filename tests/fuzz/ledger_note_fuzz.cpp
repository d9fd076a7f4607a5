#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ledger/checkpoint.h"
#include "ledger/checkpoint_log.h"
#include "ledger/note.h"

using namespace plimsoll;

// A note that is read is written again byte by byte, whatever it holds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    static const auto key =
        ledger::parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    if (const auto note = ledger::parse_note(bytes)) {
        check(ledger::to_text(*note) == bytes);
        static_cast<void>(ledger::verify_note(*note, *key));
        static_cast<void>(ledger::parse_checkpoint(note->text));
        static_cast<void>(ledger::parse_seal(note->text));
    }
    std::string_view rest;
    static_cast<void>(ledger::split_notes(bytes, &rest));
    if (const auto read = ledger::parse_verifier_key(bytes)) check(ledger::to_text(*read) == bytes);
    static_cast<void>(ledger::parse_key_lines(bytes));
    return 0;
}
