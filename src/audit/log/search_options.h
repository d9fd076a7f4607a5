#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log/query.h"
#include "audit/log/search_time.h"
#include "audit/text/formats.h"
#include "audit/word_option.h"
#include "base/result.h"
#include "host/accounts.h"

namespace plimsoll::audit {

/// What a search was asked to do.
struct SearchRequest {
    Query query;
    std::vector<std::string> inputs;  ///< files, directories, "-"; empty: the system's logs
    bool system_logs = false;         ///< --input-logs: them even if standard input is a pipe
    FormatKind format = FormatKind::standard;
    FormatOptions shown;
    bool just_one = false;
    bool line_buffered = false;
    std::string checkpoint;         ///< file; empty: none
    bool since_checkpoint = false;  ///< --start checkpoint
    unsigned threads = 0;
    bool all_records = false;  ///< read every record, whatever the query
    bool whole_log = false;    ///< no short cut by time
    bool quiet = false;        ///< no account of what was read
    std::string account;       ///< file for the account in JSON; "-": standard error; empty: a sentence there
};

/// Every option, ours among those of the tool that they come from.
[[nodiscard]] std::span<const WordOption> search_options();

/// What names and times on the command line are resolved by.
struct SearchContext {
    SearchClock clock;
    const host::Accounts* accounts = nullptr;  ///< null: names of users and groups are unknown
};

/// Reads the words behind `search`: options, and at most one word that is none, a condition. An error says which
/// option is wrong and why.
[[nodiscard]] Result<SearchRequest> parse_search(std::span<const std::string> words, const SearchContext& context);

}  // namespace plimsoll::audit
