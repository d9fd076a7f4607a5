#include "audit/rules/proof_listener.h"

#include <linux/audit.h>
#include <unistd.h>

#include "audit/record.h"
#include "audit/tables.h"
#include "base/text.h"
#include "host/audit_netlink.h"
#include "host/number.h"

namespace plimsoll::audit {

namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kStep{200};
constexpr std::size_t kMarkBuffer = 65536;

std::optional<pid_t> pid_of(const Record& record) {
    const auto field = find(record, "pid");
    if (!field) return std::nullopt;
    return host::number<pid_t>(field->value);
}

}  // namespace

Result<ProofListener> ProofListener::open() {
    if (host::in_host_network() == false)
        return Error{"listening to audit records: the kernel sends none to another network namespace than the host's"};
    TRY(auto listener, host::AuditListener::open({}));
    ProofListener out(std::move(listener));
    TRY_VOID(out.all_until_now());
    return out;
}

Result<std::vector<HeardRecord>> ProofListener::all_until_now() {
    { TRY(const auto mark, host::AuditListener::open({.buffer_bytes = kMarkBuffer})); }
    std::vector<HeardRecord> out;
    bool marked = false;
    const auto take = [&](std::uint32_t type, std::string_view payload) {
        Record record;
        if (parse_message(type, payload, record) != Damage::none) return;
        const auto pid = pid_of(record);
        if (!pid) return;
        if (type == AUDIT_EVENT_LISTENER && *pid == ::getpid()) {
            const auto what = find(record, "op");
            marked = marked || (what && what->value == "disconnect");
            newest_ = record.id.serial;
        }
        if (type != AUDIT_SYSCALL && type != AUDIT_URINGOP) return;
        HeardRecord heard{.pid = *pid, .text = std::string(trim(record.body))};
        if (const auto key = find(record, "key"); key && key->value != "(null)") {
            const std::string keys = decode(key->value, key->quoted);
            for (const std::string_view one : split(keys, '\x01')) heard.keys.emplace_back(one);
        }
        out.push_back(std::move(heard));
    };
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!marked) {
        TRY(const auto batch, listener_->receive(kStep, take));
        if (batch.overrun)
            return Error{"records came faster than they could be read: too much is recorded to prove anything"};
        if (!marked && std::chrono::steady_clock::now() > deadline) return Error{"the kernel's records stopped coming"};
    }
    return out;
}

}  // namespace plimsoll::audit
