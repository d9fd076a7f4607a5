#include <array>

#include "audit/record_types.h"
#include "audit/tables.h"
#include "audit/text/clock.h"
#include "audit/text/json_formats.h"
#include "audit/text/json_text.h"
#include "audit/text/json_tree.h"
#include "audit/text/normalized.h"

namespace plimsoll::audit {

namespace {

using enum JsonAs;

// https://www.elastic.co/guide/en/ecs/current; auditd.* is what Elastic's own module calls the rest.
constexpr auto kRows = std::to_array<JsonRow>({
    {"audit.serial", "event.sequence"},
    {"audit.node", "host.name", text},
    {"container.id", "container.id", text},
    {"container.name", "container.name", text},
    {"proc.pid", "process.pid"},
    {"proc.ppid", "process.parent.pid"},
    {"proc.name", "process.name", text},
    {"proc.exepath", "process.executable", text},
    {"proc.cmdline", "process.command_line", text},
    {"audit.title", "process.title", text},
    {"proc.cwd", "process.working_directory", text},
    {"user.uid", "user.id", text},
    {"user.name", "user.name", text},
    {"group.gid", "user.group.id", text},
    {"audit.euid", "user.effective.id", text},
    {"audit.egid", "user.effective.group.id", text},
    {"user.loginuid", "user.audit.id", text, true},
    {"user.loginname", "user.audit.name", text},
    {"fs.path.name", "file.path", text},
    {"fs.path.name", "file.name", name},
    {"fd.cip", "source.ip", text},
    {"fd.cport", "source.port"},
    {"fd.sip", "destination.ip", text},
    {"fd.sport", "destination.port"},
    {"audit.type", "auditd.message_type", text},
    {"audit.types", "auditd.record_types", list},
    {"audit.session", "auditd.session", text, true},
    {"audit.result", "auditd.result", text},
    {"audit.keys", "auditd.data.keys", list},
    {"audit.arch", "auditd.data.arch", text},
    {"syscall.type", "auditd.data.syscall", text},
    {"audit.uring", "auditd.data.uring_op", text},
    {"audit.saddr", "auditd.data.saddr", text},
    {"audit.tty", "auditd.data.tty", text},
    {"audit.op", "auditd.data.op", text},
    {"audit.incomplete", "auditd.incomplete", text},
    {"audit.forged", "auditd.forged", text},
});

/// event.category and event.type by our sentence's action and kind of object, of the values that go together.
struct Category {
    std::string_view category;
    std::string_view type;
    std::string_view second_type = {};
};

Category category_of(const Normalized& said) {
    const std::string_view action = said.action;
    if (action == "executed") return {"process", "start"};
    if (action == "changed-password" || action == "changed-group-password") return {"iam", "change", "user"};
    if (said.kind == "user-login") {
        const bool ends = action == "ended-session" || action == "logged-out" || action == "disposed-credentials";
        const bool begins = action == "started-session" || action == "logged-in" || action == "authenticated";
        return {action.ends_with("session") ? "session" : "authentication", ends ? "end" : begins ? "start" : "info"};
    }
    if (said.kind == "user-account" || said.kind == "group-change") {
        const bool group = action.find("group") != std::string_view::npos;
        return {"iam",
                action.starts_with("added")     ? "creation"
                : action.starts_with("deleted") ? "deletion"
                                                : "change",
                group ? "group" : "user"};
    }
    if (said.kind == "configuration" || said.kind == "audit-daemon") return {"configuration", "change"};
    if (said.object_kind == "socket" && action.find("file") == std::string::npos && action != "deleted")
        return {"network", "connection"};
    if (action == "killed-pid") return {"process", "end"};
    if (action == "deleted") return {"file", "deletion"};
    if (action.starts_with("created")) return {"file", "creation"};
    if (action == "opened-file" || action.starts_with("checked")) return {"file", "access"};
    if (said.object_kind == "process" || said.object_kind == "memory") return {"process", "info"};
    if (said.object_kind == "admin-defined-rule" || said.object_kind == "unknown") return {"host", "info"};
    if (said.object_kind == "system" || said.object_kind == "service") return {"host", "change"};
    return {"file", "change"};
}

class EcsFormat final : public OutputFormat {
public:
    explicit EcsFormat(const FormatOptions& options) : options_(options), values_(options.accounts, Escape::raw) {}

    void write(const LogEvent& event, std::string& out) override {
        read_fields(event, options_.accounts, fields_);
        const Normalized said = normalized(event, values_);
        const Category category = category_of(said);
        buffer_.clear();
        JsonTree tree(buffer_);
        Buffer& time = tree.member("@timestamp");
        time.put('"');
        Clock::put_utc(time, event.id.milliseconds);
        time.put('"');
        put_json(tree.member("ecs.version"), "8.11.0");
        put_tags(tree);
        put_list(tree.member("event.category"), category.category, {});
        put_list(tree.member("event.type"), category.type, category.second_type);
        put_json(tree.member("event.kind"), "event");
        put_json(tree.member("event.module"), "auditd");
        put_json(tree.member("event.dataset"), "auditd.log");
        put_json(tree.member("event.action"), said.action);
        put_json(tree.member("event.outcome"), said.result == "success"  ? "success"
                                               : said.result == "failed" ? "failure"
                                                                         : "unknown");
        if (options_.records) put_original(tree, event);
        put_rows(tree, fields_, kRows);  // its first row goes on with event.*
        put_paths(tree, event);          // goes on with auditd.*
        if (!fields_.has("audit.node") && !options_.host.empty()) put_json(tree.member("host.name"), options_.host);
        tree.end();
        buffer_.put('\n');
        out += buffer_.text();
    }

private:
    static void put_list(Buffer& out, std::string_view one, std::string_view other) {
        out.put('[');
        put_json(out, one);
        if (!other.empty()) {
            out.put(',');
            put_json(out, other);
        }
        out.put(']');
    }

    /// Keys of rules are what searches go by.
    void put_tags(JsonTree& tree) const {
        static constexpr auto kTags = std::to_array<JsonRow>({{"audit.keys", "tags", list}});
        put_rows(tree, fields_, kTags);
    }

    /// auditd.paths is a list of objects in Elastic's mapping; a list of texts would not be taken.
    static void put_paths(JsonTree& tree, const LogEvent& event) {
        Buffer* out = nullptr;
        for (const Record& record : event.records) {
            if (record.type != kPath) continue;
            const bool first = out == nullptr;
            if (first) {
                out = &tree.member("auditd.paths");
                out->put('[');
            }
            out->put(first ? "{" : ",{");
            bool any = false;
            for (const std::string_view name : {"item", "name", "inode", "dev", "mode", "ouid", "ogid", "nametype"}) {
                const auto field = find(record, name);
                if (!field || field->value == "(null)") continue;
                if (any) out->put(',');
                any = true;
                put_json(*out, name);
                out->put(':');
                put_json(*out, name == "name" ? decode(field->value, field->quoted) : std::string(field->value));
            }
            out->put('}');
        }
        if (out != nullptr) out->put(']');
    }

    static void put_original(JsonTree& tree, const LogEvent& event) {
        std::string lines;
        for (const Record& record : event.records) lines.append(record.line).append("\n");
        put_json(tree.member("event.original"), lines);
    }

    FormatOptions options_;
    ValueWriter values_;
    model::Event fields_;
    Buffer buffer_;
};

}  // namespace

std::unique_ptr<OutputFormat> make_ecs_format(const FormatOptions& options) {
    return std::make_unique<EcsFormat>(options);
}

}  // namespace plimsoll::audit
