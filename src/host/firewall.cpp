#include "host/firewall.h"

#include <algorithm>

#include "base/text.h"
#include "host/kernel.h"

namespace plimsoll::host {

namespace {

/// Whether a question to nftables is answered by code that is already in the kernel. A kernel without module support
/// never loads any; otherwise the module is loaded, built in, or not there.
Result<bool> nftables_present(const Root& root) {
    TRY(const auto modules, read_if_exists(root, "/proc/modules", std::size_t{16} << 20U));
    if (!modules) return true;
    for (const std::string_view line : split(*modules, '\n')) {
        if (line.starts_with("nf_tables ")) return true;
    }
    TRY(const auto release, kernel_release(root));
    TRY(const auto builtin,
        read_if_exists(root, "/lib/modules/" + release + "/modules.builtin", std::size_t{16} << 20U));
    if (!builtin)
        return Error{"cannot tell whether nf_tables is built in: /lib/modules has no modules.builtin for this kernel"};
    return builtin->find("/nf_tables.ko") != std::string::npos;
}

/// Tables of one family that exist now. Asking for a table that is not listed would make the kernel create it.
Result<std::vector<std::string>> listed_tables(const Root& root, std::string_view file) {
    TRY(const auto text, read_if_exists(root, "/proc/thread-self/net/" + std::string(file)));
    std::vector<std::string> names;
    for (const std::string_view line : split(text ? std::string_view(*text) : std::string_view{}, '\n')) {
        if (!line.empty()) names.emplace_back(line);
    }
    std::ranges::sort(names);
    return names;
}

void read_legacy(const Root& root, std::string_view family, std::string_view file, Firewall& out) {
    const auto names = listed_tables(root, file);
    if (!names) {
        out.unreadable.push_back(names.error().message);
        return;
    }
    for (const std::string& name : *names) {
        auto table = read_legacy_table(family, name);
        if (table) {
            out.tables.push_back(std::move(*table));
        } else {
            out.unreadable.push_back("legacy " + std::string(family) + " tables: " + table.error().message);
        }
    }
}

}  // namespace

const FirewallChain* FirewallTable::chain(std::string_view wanted) const {
    const auto found = std::ranges::find(chains, wanted, &FirewallChain::name);
    return found == chains.end() ? nullptr : &*found;
}

const FirewallTable* Firewall::table(FirewallBackend backend, std::string_view family, std::string_view name) const {
    const auto found = std::ranges::find_if(tables, [&](const FirewallTable& table) {
        return table.backend == backend && table.family == family && table.name == name;
    });
    return found == tables.end() ? nullptr : &*found;
}

Firewall read_firewall(const Root& root) {
    Firewall out;
    const auto present = nftables_present(root);
    if (!present) out.unreadable.push_back("nftables: " + present.error().message);
    if (present && *present) {
        auto tables = read_nftables();
        if (tables) out.tables = std::move(*tables);
        // EAFNOSUPPORT and EINVAL: no nf_tables in this kernel; it is named anyway, for it was not read.
        if (!tables) out.unreadable.push_back(tables.error().message);
    }
    read_legacy(root, "ip", "ip_tables_names", out);
    read_legacy(root, "ip6", "ip6_tables_names", out);
    return out;
}

}  // namespace plimsoll::host
