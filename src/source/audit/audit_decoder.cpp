#include "source/audit/audit_decoder.h"

#include <linux/audit.h>

#include <algorithm>

#include "audit/fields.h"
#include "audit/forged.h"
#include "audit/record.h"
#include "audit/record_types.h"
#include "base/secret_mask.h"
#include "base/time.h"
#include "host/process.h"

namespace plimsoll::source {

namespace {

constexpr std::int64_t kAccountsEvery = 5000;  // milliseconds
constexpr std::size_t kMostRaw = 65536;

/// A message that is no record: its beginning as it came, and why.
model::Event malformed(std::uint32_t type, std::string_view payload, audit::Damage damage) {
    model::Event out(now());
    SecretMasker masker;
    const std::string_view raw = payload.substr(0, kMostRaw);
    const auto masked = masker.text(raw);
    out.set("record.kind", "event");
    out.set("evt.source", "audit");
    out.set("record.malformed", std::string(audit::to_text(damage)) + ", type " + std::to_string(type));
    out.set("record.raw", masked ? std::string_view(*masked) : raw);
    return out;
}

}  // namespace

bool is_record_type(std::uint32_t type) {
    if (type == AUDIT_USER || type == AUDIT_LOGIN) return true;
    return type >= AUDIT_FIRST_USER_MSG && type != 1329;  // 1329: the kernel asks whether we are alive
}

AuditDecoder::AuditDecoder(DecoderOptions options, std::function<void(model::Event)> put)
    : options_(std::move(options)),
      put_(std::move(put)),
      assembler_(*this, options_.assembler),
      attribution_(options_.attribution) {}

void AuditDecoder::seed() {
    attribution_.seed();
    read_accounts();
}

void AuditDecoder::read_accounts() {
    std::int64_t changed = 0;
    for (const char* file : {"/etc/passwd", "/etc/group"}) {
        const auto facts = host::file_facts(options_.attribution.root, file);
        if (facts && *facts) changed = std::max(changed, (*facts)->modified);
    }
    if (accounts_ && changed == accounts_changed_) return;
    accounts_changed_ = changed;
    if (auto accounts = host::read_accounts(options_.attribution.root)) accounts_ = std::move(*accounts);
}

void AuditDecoder::message(std::uint32_t type, std::string_view payload) {
    if (!is_record_type(type)) return;
    audit::Record record;
    const audit::Damage damage = audit::parse_message(type, payload, record);
    if (damage != audit::Damage::none) {
        if (damage == audit::Damage::empty) return;
        ++counts_.malformed;
        put_(malformed(type, payload, damage));
        return;
    }
    serials_.saw(record.id.serial, record.id.milliseconds);
    newest_ = std::max(newest_, record.id.milliseconds);
    assembler_.add(record);
}

void AuditDecoder::tick(std::int64_t now) {
    assembler_.tick(now);
    if (!options_.attribution.live) return;
    attribution_.mounts().follow();
    if (now - accounts_looked_ < kAccountsEvery) return;
    accounts_looked_ = now;
    read_accounts();
}

/// System calls of the recorder itself. What it changes in the kernel's audit state is kept.
bool AuditDecoder::is_own() const {
    if (options_.own_pid == 0 || facts_.number(audit::Known::pid) != options_.own_pid) return false;
    const std::uint32_t type = facts_.main().type;
    return (type == AUDIT_SYSCALL || type == audit::kEventListener) && facts_.record(AUDIT_CONFIG_CHANGE) == nullptr;
}

std::string AuditDecoder::forgery(const Attributed& where) {
    if (!audit::is_claimed(facts_)) return {};
    audit::Writer writer{.earlier = where.program};
    if (where.contained()) writer.container = attribution_.id(where.container).substr(0, 12);
    std::string program;
    const auto pid = facts_.number(audit::Known::pid);
    if (options_.attribution.live && writer.container.empty() && pid) {
        const auto process = host::read_process(options_.attribution.root, static_cast<pid_t>(*pid), host::kExecutable);
        if (process && *process && (*process)->executable) program = *(*process)->executable;
        writer.program = program;
    }
    return audit::forged_reason(facts_, writer);
}

void AuditDecoder::event(const audit::LogEvent& event) {
    facts_.read(event);
    const Attributed where = attribution_.resolve(facts_);
    if (is_own()) {
        ++counts_.own;
        return;
    }
    SecretMasker masker;
    facts_.mask_with(options_.mask_secrets ? &masker : nullptr);
    const bool contained = where.known && where.container != kHost;
    const bool may_be_contained =
        contained || (options_.attribution.live && !where.known);  // its users are not the host's
    model::Event& out = made_;
    out.clear();
    attribution_.describe(where, out);
    audit::to_event(
        facts_, {.names = accounts_ ? &*accounts_ : nullptr, .contained = may_be_contained, .masker = facts_.masker()},
        out);
    facts_.mask_with(nullptr);
    if (where.known && where.container != kHost) out.set("audit.attributed", to_text(where.found));
    if (!where.parent.empty()) out.set("proc.pname", where.parent);
    if (const std::string why = forgery(where); !why.empty())
        out.set("audit.forged", why);
    else if (audit::is_claimed(facts_) && !where.known)
        out.unknown("audit.forged", "the process that wrote it had ended before it could be looked at");
    if (!options_.imported.empty()) out.set("audit.imported", options_.imported);
    ++counts_.events;
    counts_.contained += contained ? 1U : 0U;
    counts_.unattributed += where.known ? 0U : 1U;
    counts_.incomplete += out.has("audit.incomplete") ? 1U : 0U;
    put_(out.clone());
}

}  // namespace plimsoll::source
