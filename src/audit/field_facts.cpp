#include "audit/field_facts.h"

#include <linux/audit.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

#include "audit/record_types.h"
#include "audit/tables_decode.h"

namespace plimsoll::audit {

namespace {

constexpr std::string_view kAtFdcwd = "ffffff9c";  ///< the last 32 bits of a register that holds AT_FDCWD

/// Names that a switch by length finds quickly.
Known known_field(std::string_view name) {
    const auto is = [&](std::string_view text, Known field) { return name == text ? field : Known::none; };
    switch (name.size()) {
        case 2:
            if (name[0] == 'a' && name[1] >= '0' && name[1] <= '3')
                return static_cast<Known>(static_cast<int>(Known::a0) + (name[1] - '0'));
            return is("op", Known::op);
        case 3:
            switch (name[0]) {
                case 'p': return is("pid", Known::pid);
                case 'u': return is("uid", Known::uid);
                case 'g': return is("gid", Known::gid);
                case 't': return is("tty", Known::tty);
                case 's': return is("ses", Known::ses);
                case 'e': return is("exe", Known::exe);
                case 'k': return is("key", Known::key);
                case 'r': return is("res", Known::res);
                case 'c': return is("cwd", Known::cwd);
                default: return Known::none;
            }
        case 4:
            switch (name[0]) {
                case 'a': return name == "arch" ? Known::arch : is("auid", Known::auid);
                case 'e':
                    if (name == "exit") return Known::exit;
                    return name == "euid" ? Known::euid : is("egid", Known::egid);
                case 'p': return is("ppid", Known::ppid);
                case 's': return name == "suid" ? Known::suid : is("sgid", Known::sgid);
                case 'c': return is("comm", Known::comm);
                default: return Known::none;
            }
        case 5:
            switch (name[0]) {
                case 'i': return is("items", Known::items);
                case 'f': return name == "fsuid" ? Known::fsuid : is("fsgid", Known::fsgid);
                case 's': return is("saddr", Known::saddr);
                case 'o': return is("oflag", Known::oflag);
                default: return Known::none;
            }
        case 7: return name == "syscall" ? Known::syscall : is("success", Known::success);
        case 8: return is("uring_op", Known::uring_op);
        case 9: return is("proctitle", Known::proctitle);
        default: return Known::none;
    }
}

/// A field at its usual place.
struct Usual {
    FieldStart start;
    Known known;
};
/// The fields of a SYSCALL record in the order in which the kernel writes them (audit_log_exit), subj= where a security
/// module is at work.
constexpr auto kSyscallOrder = std::to_array<Usual>(
    {{"arch=", Known::arch},   {"syscall=", Known::syscall}, {"success=", Known::success}, {"exit=", Known::exit},
     {"a0=", Known::a0},       {"a1=", Known::a1},           {"a2=", Known::a2},           {"a3=", Known::a3},
     {"items=", Known::items}, {"ppid=", Known::ppid},       {"pid=", Known::pid},         {"auid=", Known::auid},
     {"uid=", Known::uid},     {"gid=", Known::gid},         {"euid=", Known::euid},       {"suid=", Known::suid},
     {"fsuid=", Known::fsuid}, {"egid=", Known::egid},       {"sgid=", Known::sgid},       {"fsgid=", Known::fsgid},
     {"tty=", Known::tty},     {"ses=", Known::ses},         {"comm=", Known::comm},       {"exe=", Known::exe},
     {"subj=", Known::none},   {"key=", Known::key}});
constexpr auto kCwdOrder = std::to_array<Usual>({{"cwd=", Known::cwd}});
constexpr auto kTitleOrder = std::to_array<Usual>({{"proctitle=", Known::proctitle}});

/// The same of a PATH record.
constexpr auto kPathOrder =
    std::to_array<FieldStart>({"item=", "name=", "inode=", "dev=", "mode=", "ouid=", "ogid=", "rdev=", "obj=",
                               "nametype=", "cap_fp=", "cap_fi=", "cap_fe=", "cap_fver=", "cap_frootid="});

std::span<const Usual> usual_order(std::uint32_t type) {
    switch (type) {
        case AUDIT_SYSCALL: return kSyscallOrder;
        case AUDIT_CWD: return kCwdOrder;
        case AUDIT_PROCTITLE: return kTitleOrder;
        default: return {};
    }
}

bool is_absent(const Written& value) {
    return !value.set || (!value.quoted && (value.text == "(null)" || value.text == "(none)" || value.text == "?"));
}

/// One aN, or aN[M], of an EXECVE record.
struct ArgumentName {
    std::uint32_t number = 0;
    bool ok = false;
};
ArgumentName argument_name(std::string_view name) {
    if (name.size() < 2 || name[0] != 'a' || name.ends_with("_len")) return {};
    ArgumentName out;
    const char* const end = name.data() + name.size();
    const auto [at, error] = std::from_chars(name.data() + 1, end, out.number);
    out.ok = error == std::errc{} && (at == end || *at == '[');
    return out;
}

/// Words that take the places of those before, and their memory.
class Words {
public:
    explicit Words(std::vector<std::string>& words) : words_(words) {}
    Words(const Words&) = delete;
    Words& operator=(const Words&) = delete;
    ~Words() { words_.resize(count_); }
    std::string& add() {
        if (count_ == words_.size()) words_.emplace_back();
        words_[count_].clear();
        return words_[count_++];
    }

private:
    std::vector<std::string>& words_;
    std::size_t count_ = 0;
};

/// The arguments of all EXECVE records. Pieces of a long one come in order, each in hexadecimal or not.
void read_arguments(const LogEvent& event, std::size_t most, std::vector<std::string>& out) {
    Words words(out);
    std::size_t total = 0;
    std::optional<std::uint32_t> last;
    std::string* word = nullptr;
    for (const Record& record : event.records) {
        if (record.type != AUDIT_EXECVE) continue;
        FieldCursor cursor(record.body);
        while (const auto field = cursor.next()) {
            const ArgumentName name = argument_name(field->name);
            if (!name.ok || field->claim) continue;
            if (total >= most) return;
            if (last != name.number) {
                word = &words.add();
                last = name.number;
            }
            const std::size_t before = word->size();
            if (field->quoted || !append_hex_decoded(*word, field->value)) word->append(field->value);
            if (word->size() - before > most - total) word->resize(before + most - total);
            total += word->size() - before + 1;
        }
    }
}

void title_of(const Written& title, std::size_t most, std::string& text, std::vector<std::string>& out) {
    Words words(out);
    if (is_absent(title)) return;
    text.clear();
    if (title.quoted || !append_hex_decoded(text, title.text)) text = title.text;
    if (text.size() > most) text.resize(most);
    while (!text.empty() && text.back() == '\0') text.pop_back();
    std::size_t begin = 0;
    while (begin <= text.size() && !text.empty()) {
        const std::size_t end = std::min(text.find('\0', begin), text.size());
        words.add().assign(text, begin, end - begin);
        begin = end + 1;
    }
}

/// Whether there was anything to hide.
bool mask(SecretMasker* masker, std::vector<std::string>& arguments) {
    if (masker == nullptr) return false;
    bool any = false;
    masker->next_command();
    // A title that a program wrote itself is one word with blanks: then its words are what is masked.
    const bool line = arguments.size() == 1 && arguments[0].find(' ') != std::string::npos;
    for (std::string& argument : arguments) {
        if (auto masked = line ? masker->text(argument) : masker->argument(argument)) {
            argument = std::move(*masked);
            any = true;
        }
    }
    return any;
}

}  // namespace

char* TextStore::room(std::size_t size) {
    while (chunk_ < chunks_.size() && chunks_[chunk_].size - chunks_[chunk_].used < size) ++chunk_;
    if (chunk_ == chunks_.size()) {
        const std::size_t most = std::max(chunks_.empty() ? std::size_t{512} : chunks_.back().size * 2, size);
        chunks_.push_back({.bytes = std::make_unique_for_overwrite<char[]>(most), .size = most});
    }
    Chunk& chunk = chunks_[chunk_];
    char* const place = chunk.bytes.get() + chunk.used;
    chunk.used += size;
    return place;
}

std::string_view TextStore::keep(std::string_view text) {
    if (text.empty()) return {};
    char* const place = room(text.size());
    std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
}

void TextStore::clear() {
    for (Chunk& chunk : chunks_) chunk.used = 0;
    chunk_ = 0;
}

std::string plain_path(std::string_view path) {
    std::string out;
    out.reserve(path.size());
    std::size_t at = 0;
    while (at < path.size()) {
        while (at < path.size() && path[at] == '/') ++at;
        const std::size_t begin = at;
        while (at < path.size() && path[at] != '/') ++at;
        const std::string_view part = path.substr(begin, at - begin);
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            const auto slash = out.rfind('/');
            out.resize(slash == std::string::npos ? 0 : slash);
            continue;
        }
        out += '/';
        out += part;
    }
    return out.empty() ? "/" : out;
}

void EventFacts::read(const LogEvent& event) {
    event_ = &event;
    known_.fill({});
    paths_.clear();
    others_.clear();
    claims_.clear();
    syscall_ = call_ = {};
    arch_ = 0;
    has_execve_ = false;
    arguments_read_ = address_read_ = false;
    title_read_ = nullptr;
    address_.reset();
    store_.clear();
    scratch_.store().clear();
    static const Record kNone{};
    main_ = event.records.empty() ? &kNone : &event.records.front();
    if (const Record* syscall = event.first(AUDIT_SYSCALL))
        main_ = syscall;
    else if (const Record* uring = event.first(kUringop))
        main_ = uring;
    take(*main_);
    for (const Record& record : event.records) {
        if (&record == main_) continue;
        switch (record.type) {
            case AUDIT_PATH: take_path(record); break;
            case AUDIT_EXECVE: has_execve_ = true; break;
            default: take(record); break;
        }
    }
    if (main_->type == AUDIT_EXECVE) has_execve_ = true;
    if (main_->type == AUDIT_PATH) take_path(*main_);
    if (paths_.size() > 1 && !std::ranges::is_sorted(paths_, {}, &PathFact::item))
        std::ranges::stable_sort(paths_, {}, &PathFact::item);
    name_call();
    is_exec_ = call_ == "execve" || call_ == "execveat";
    subject_ = find_subject();
}

void EventFacts::take(const Record& record) {
    if (record.type == AUDIT_EXECVE || record.type == AUDIT_PATH) return;
    FieldCursor cursor(record.body);
    for (const Usual& usual : usual_order(record.type)) {
        Written value{.set = true};
        if (!cursor.take_expected(usual.start, value.text, value.quoted)) {
            if (usual.known == Known::none) continue;
            break;
        }
        take_field(usual.start.name(), value, usual.known, record.type);
    }
    while (const auto field = cursor.next()) {
        const Written value{field->value, field->quoted, true};
        if (field->claim) {
            if (claims_.size() < kMostOthers) claims_.push_back({field->name, value, record.type});
            continue;
        }
        take_field(field->name, value, known_field(field->name), record.type);
    }
}

/// The first record that says it counts, and the call before all others.
void EventFacts::take_field(std::string_view name, const Written& value, Known known, std::uint32_t type) {
    if (known != Known::none) {
        Written& place = known_[static_cast<std::size_t>(known)];
        if (!place.set) {
            place = value;
            return;
        }
        if (place.text == value.text) return;
    }
    if (others_.size() < kMostOthers) others_.push_back({name, value, type});
}

void EventFacts::take_path(const Record& record) {
    if (paths_.size() >= kMostPaths) return;
    PathFact path;
    const bool first = paths_.empty();
    const auto take = [&](std::string_view name, const Written& value) {
        if (name == "name") {
            path.name = value;
        } else if (name == "dev") {
            path.device = value.text;
        } else if (name == "inode") {
            path.inode = value.text;
        } else if (name == "nametype") {
            path.kind = value.text;
        } else if (name == "item") {
            std::from_chars(value.text.data(), value.text.data() + value.text.size(), path.item);
        } else if (first && value.text != "0" && value.text != "00:00" && others_.size() < kMostOthers) {
            others_.push_back({name, value, record.type});
        }
    };
    FieldCursor cursor(record.body);
    for (const FieldStart& start : kPathOrder) {
        Written value{.set = true};
        if (cursor.take_expected(start, value.text, value.quoted))
            take(start.name(), value);
        else if (start.name() != "obj")
            break;
    }
    while (const auto field = cursor.next()) {
        if (!field->claim) take(field->name, {field->value, field->quoted, true});
    }
    paths_.push_back(path);
}

void EventFacts::name_call() {
    if (const auto arch = hex(Known::arch)) arch_ = static_cast<std::uint32_t>(*arch);
    const auto number = this->number(Known::syscall);
    if (!number || *number < 0) return;
    syscall_ = syscall_name(arch_, static_cast<unsigned>(*number));
    if (syscall_.empty()) syscall_ = get(Known::syscall).text;
    call_ = syscall_;
    if (syscall_ != "socketcall") return;
    static constexpr auto kCalls = std::to_array<std::string_view>(
        {"",           "socket",  "bind",    "connect",  "listen",   "accept",   "getsockname", "getpeername",
         "socketpair", "send",    "recv",    "sendto",   "recvfrom", "shutdown", "setsockopt",  "getsockopt",
         "sendmsg",    "recvmsg", "accept4", "recvmmsg", "sendmmsg"});
    const auto which = hex(Known::a0);
    if (which && *which > 0 && *which < kCalls.size()) call_ = kCalls[*which];
}

std::optional<std::int64_t> EventFacts::number(Known field) const {
    const Written& value = get(field);
    if (!value.set || value.text.empty()) return std::nullopt;
    std::int64_t out = 0;
    constexpr std::size_t kShort = 18;  // digits that fit whatever they are: ids, results
    if (value.text.size() <= kShort && value.text.front() != '-') {
        for (const char c : value.text) {
            if (c < '0' || c > '9') return std::nullopt;
            out = out * 10 + (c - '0');
        }
        return out;
    }
    const char* const end = value.text.data() + value.text.size();
    const auto [at, error] = std::from_chars(value.text.data(), end, out);
    if (error != std::errc{} || at != end) return std::nullopt;
    return out;
}

std::optional<std::uint64_t> EventFacts::hex(Known field) const {
    const Written& value = get(field);
    if (!value.set || value.text.empty()) return std::nullopt;
    std::uint64_t out = 0;
    const char* const end = value.text.data() + value.text.size();
    const auto [at, error] = std::from_chars(value.text.data(), end, out, 16);
    if (error != std::errc{} || at != end) return std::nullopt;
    return out;
}

void EventFacts::mask_with(SecretMasker* masker) {
    masker_ = masker;
    arguments_read_ = false;  // what was read before was not masked
    title_read_ = nullptr;
}

const std::vector<std::string>& EventFacts::arguments() const {
    if (!has_execve_) return title();
    if (arguments_read_) return arguments_;
    arguments_read_ = true;
    read_arguments(*event_, kMostArguments, arguments_);
    static_cast<void>(mask(masker_, arguments_));
    return arguments_;
}

const std::vector<std::string>& EventFacts::title() const {
    if (title_read_ != nullptr) return *title_read_;
    const Written& written = get(Known::proctitle);
    const std::string_view text = written.text;
    // One process makes many events, each with its title: what had no secret has none now.
    if (text.size() < 2 || text.size() > kMostTitle) {
        title_of(written, kMostArguments, decoded_, title_);
        static_cast<void>(mask(masker_, title_));
        return *(title_read_ = &title_);
    }
    if (titles_.empty()) titles_.resize(kTitles);
    Title& title = titles_[(text.size() * 31 + static_cast<unsigned char>(text.back()) * 7 +
                            static_cast<unsigned char>(text[text.size() / 2])) %
                           kTitles];
    const bool masked = masker_ != nullptr;
    if (title.masked == masked && title.quoted == written.quoted && title.written == text)
        return *(title_read_ = &title.words);
    title_of(written, kMostArguments, decoded_, title.words);
    title.written.clear();  // with a secret it is looked at again each time, so that what masked it is told
    if (!mask(masker_, title.words)) {
        title.written = text;
        title.quoted = written.quoted;
        title.masked = masked;
    }
    return *(title_read_ = &title.words);
}

const SocketAddress* EventFacts::address() const {
    if (!address_read_) {
        address_read_ = true;
        if (has(Known::saddr)) address_ = socket_address(get(Known::saddr).text);
    }
    return address_ ? &*address_ : nullptr;
}

std::string_view EventFacts::text(const Written& value) const {
    if (is_absent(value)) return {};
    if (value.quoted || value.text.empty()) return value.text;
    char* const room = store_.room(value.text.size());
    if (decode_hex(room, value.text)) return {room, value.text.size() / 2};
    std::memcpy(room, value.text.data(), value.text.size());
    return {room, value.text.size()};
}

std::string_view EventFacts::raw_path(const PathFact& path) const { return text(path.name); }

std::string_view EventFacts::full_path(const PathFact& path) const {
    if (!path.resolved) {  // several fields tell it
        path.full = resolve(path);
        path.resolved = true;
    }
    return path.full;
}

std::string_view EventFacts::resolve(const PathFact& path) const {
    const std::string_view name = text(path.name);
    const auto is_plain = [](std::string_view text) {
        return text.find("/.") == std::string_view::npos && text.find("//") == std::string_view::npos &&
               (text.size() == 1 || !text.ends_with('/'));
    };
    if (name.starts_with('/')) return is_plain(name) ? name : store_.keep(plain_path(name));
    if (name.empty() || !has(Known::cwd)) return name;
    // A name relative to a descriptor: the record does not say of which directory.
    const bool from_descriptor = call_.ends_with("at") || call_.ends_with("at2");
    if (from_descriptor && !get(Known::a0).text.ends_with(kAtFdcwd) && call_ != "symlinkat") return name;
    const std::string_view cwd = text(Known::cwd);
    if (!cwd.starts_with('/')) return name;
    std::string joined(cwd);
    joined += '/';
    joined += name;
    return store_.keep(plain_path(joined));
}

const PathFact* EventFacts::path_of(std::string_view kind) const {
    const auto found = std::ranges::find(paths_, kind, &PathFact::kind);
    return found == paths_.end() ? nullptr : &*found;
}

const PathFact* EventFacts::find_subject() const {
    static constexpr auto kKinds = std::to_array<std::string_view>({"CREATE", "DELETE", "NORMAL", "UNKNOWN"});
    for (const std::string_view kind : kKinds) {
        if (const PathFact* path = path_of(kind)) return path;
    }
    return nullptr;
}

std::string EventFacts::incomplete() const {
    std::string out;
    const auto add = [&](std::string_view text) { out.append(out.empty() ? "" : ", ").append(text); };
    const bool parts = !paths_.empty() || has(Known::cwd) || has_execve_ || has(Known::saddr);
    if (main_->type == AUDIT_SYSCALL) {
        if (!event_->complete) add("no end");
    } else if (parts && main_->type != kUringop) {
        add("no SYSCALL record");
    }
    const auto items = number(Known::items);
    if (items && *items > 0 && static_cast<std::size_t>(*items) > paths_.size() && paths_.size() < kMostPaths)
        add(std::to_string(paths_.size()) + " of " + std::to_string(*items) + " PATH records");
    if (is_exec() && !has_execve_ && get(Known::success).text == "yes") add("no EXECVE record");
    return out;
}

}  // namespace plimsoll::audit
