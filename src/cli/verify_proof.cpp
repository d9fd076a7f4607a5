#include "cli/verify_proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/output.h"
#include "host/user_file.h"
#include "ledger/proof.h"
#include "ledger/row.h"
#include "model/event.h"

namespace plimsoll::cli {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMostSeconds = 9'000'000'000;  // year 2255; what nanoseconds can say

std::string time_of(const ledger::Cosignature& witness) {
    return to_rfc3339(static_cast<Nanoseconds>(std::min<std::uint64_t>(witness.time, kMostSeconds)) * kSecond);
}

/// Each field of the proved record, by name.
std::vector<std::pair<std::string, std::string>> fields_of(const ledger::Proof& proof,
                                                           const ledger::ProofReport& report) {
    std::vector<std::pair<std::string, std::string>> fields;
    model::Event event;
    if (!ledger::decode_row(proof.record.row, report.names, event)) return fields;
    for (const auto& slot : event.slots()) {
        std::string name(model::kFields[slot.field].name);
        if (!slot.key.empty()) name += fmt::format("[{}]", slot.key);
        std::string value = slot.state == model::Reading::State::unknown ? fmt::format("unknown: {}", slot.reason) : "";
        for (const model::Value& item : event.values(slot)) {
            if (!value.empty()) value += ", ";
            value += model::to_text(item);
        }
        fields.emplace_back(std::move(name), std::move(value));
    }
    return fields;
}

/// A file that is no proof, or not a whole one, says nothing about any ledger.
int no_proof(const ProofQuestion& question, const Error& why) {
    const std::string message = fmt::format("{} is no proof: {}", question.file, why.message);
    if (question.as_json)
        return finish(json({{"verdict", "no proof"}, {"message", valid_utf8(message)}}).dump(2) + '\n', kUsage);
    complain(message);
    return kUsage;
}

/// What the witnesses say, one line each.
std::string text_of(const std::vector<ledger::Cosignature>& witnesses) {
    using State = ledger::Cosignature::State;
    std::string text;
    for (const auto& witness : witnesses) {
        const std::string name = printable(witness.name);
        switch (witness.state) {
            case State::good: text += fmt::format("witness     {}, cosigned at {}\n", name, time_of(witness)); break;
            case State::absent:
                text += fmt::format("witness     {}: its cosignature is NOT in this proof\n", name);
                break;
            case State::unchecked:
                text += fmt::format("witness     {}: not checked, its key was not given (--pubkey)\n", name);
                break;
        }
    }
    return text;
}

json json_of(const std::vector<ledger::Cosignature>& witnesses) {
    static constexpr std::array kWords = {"cosigned", "absent", "unchecked"};
    json all = json::array();
    for (const auto& witness : witnesses) {
        json one = {{"name", valid_utf8(witness.name)}, {"state", kWords.at(static_cast<std::size_t>(witness.state))}};
        if (witness.time != 0) one["time"] = time_of(witness);
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace

int verify_proof(const ProofQuestion& question) {
    const auto file = host::read_user_file(question.file, ledger::kProofBytes);
    if (!file) {
        complain(file.error().message);
        return kUnknown;
    }
    const auto proof = ledger::parse_proof(*file);
    if (!proof) return no_proof(question, proof.error());
    const auto report = ledger::check_proof(*proof, question.keys);
    if (!report) {
        if (question.as_json)
            return finish(
                json({{"verdict", "tampered"}, {"message", valid_utf8(report.error().message)}}).dump(2) + '\n',
                kTampered);
        return finish(fmt::format("TAMPERED: {}\n", printable(report.error().message)), kTampered);
    }
    // A witness that was asked about and did not sign: nothing contradicts, but not all of it could be shown.
    const bool whole = std::ranges::none_of(report->witnesses, [](const ledger::Cosignature& witness) {
        return witness.state == ledger::Cosignature::State::absent;
    });
    const auto fields = fields_of(*proof, *report);
    const std::string time = to_rfc3339(ledger::row_time(proof->record.row));
    if (question.as_json) {
        json named = json::object();
        for (const auto& [name, value] : fields) named[valid_utf8(name)] = valid_utf8(value);
        return finish(json({{"verdict", whole ? "ok" : "incomplete"},
                            {"origin", valid_utf8(report->origin)},
                            {"number", report->number},
                            {"time", time},
                            {"signed", report->size},
                            {"key", report->signer},
                            {"key_trusted", report->key_trusted},
                            {"witnesses", json_of(report->witnesses)},
                            {"unproved_names", report->unproved},
                            {"fields", std::move(named)}})
                              .dump(2) +
                          '\n',
                      whole ? kClean : kIncomplete);
    }
    std::string text =
        fmt::format("{}: record {} of {} stands in the signed tree of {} records\n", whole ? "ok" : "incomplete",
                    report->number, printable(report->origin), report->size);
    text += fmt::format("key         {}{}\n", printable(report->signer),
                        report->key_trusted ? ", vouched for by a key that you gave"
                                            : "; not compared with a key that you know (--pubkey)");
    text += text_of(report->witnesses);
    if (report->unproved != 0)
        text +=
            fmt::format("note        the names of {} fields are not proved: the records that gave them were pruned\n",
                        report->unproved);
    text += fmt::format("time        {}\n", time);
    for (const auto& [name, value] : fields) text += fmt::format("  {} = {}\n", printable(name), printable(value));
    return finish(text, whole ? kClean : kIncomplete);
}

}  // namespace plimsoll::cli
