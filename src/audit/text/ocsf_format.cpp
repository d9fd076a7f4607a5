#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

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

constexpr std::string_view kSchemaVersion = "1.4.0";

// https://schema.ocsf.io/1.4.0. What every class has first, then what the object of one is.
constexpr auto kActorProcessRows = std::to_array<JsonRow>({
    {"proc.pid", "actor.process.pid"},
    {"proc.name", "actor.process.name", text},
    {"proc.cmdline", "actor.process.cmd_line", text},
    {"proc.exepath", "actor.process.file.path", text},
    {"proc.exepath", "actor.process.file.name", name},
});
constexpr auto kActorRows = std::to_array<JsonRow>({
    {"proc.ppid", "actor.process.parent_process.pid"},
    {"user.uid", "actor.user.uid", text},
    {"user.name", "actor.user.name", text},
    {"audit.session", "actor.session.uid", text, true},
    {"audit.tty", "actor.session.terminal", text},
});
constexpr auto kProcessRows = std::to_array<JsonRow>({
    {"proc.pid", "process.pid"},
    {"proc.name", "process.name", text},
    {"proc.cmdline", "process.cmd_line", text},
    {"proc.cwd", "process.working_directory", text},
    {"proc.exepath", "process.file.path", text},
    {"proc.exepath", "process.file.name", name},
});
constexpr auto kNetworkRows = std::to_array<JsonRow>({
    {"fd.cip", "src_endpoint.ip", text},
    {"fd.cport", "src_endpoint.port"},
    {"fd.sip", "dst_endpoint.ip", text},
    {"fd.sport", "dst_endpoint.port"},
});
constexpr auto kUnmappedRows = std::to_array<JsonRow>({
    {"audit.types", "unmapped.audit_types", list},
    {"audit.keys", "unmapped.audit_keys", list},
    {"audit.paths", "unmapped.audit_paths", list},
    {"audit.nametypes", "unmapped.audit_nametypes", list},
    {"audit.inodes", "unmapped.audit_inodes", list},
    {"audit.saddr", "unmapped.audit_saddr", text},
    {"audit.arch", "unmapped.audit_arch", text},
    {"audit.uring", "unmapped.audit_uring", text},
    {"audit.op", "unmapped.audit_op", text},
    {"audit.title", "unmapped.audit_title", text},
    {"user.loginuid", "unmapped.loginuid", value, true},
    {"user.loginname", "unmapped.loginname", text},
    {"evt.rawres", "unmapped.result_of_call"},
    {"container.id", "unmapped.container_id", text},
    {"audit.incomplete", "unmapped.audit_incomplete", text},
    {"audit.forged", "unmapped.audit_forged", text},
});

enum Class : unsigned {
    kBase = 0,
    kFile = 1001,
    kProcess = 1007,
    kAccount = 3001,
    kAuthentication = 3002,
    kNetwork = 4001,
    kApi = 6003
};

/// Class and activity of an event, as the schema numbers them.
struct Activity {
    unsigned class_uid = kBase;
    unsigned activity = 0;  ///< 99 is "other"
    std::string_view name;
};

Activity activity_of(const Normalized& said) {
    const std::string_view action = said.action;
    if (action == "executed") return {kProcess, 1, "Launch"};
    if (action.starts_with("killed")) return {kProcess, 2, "Terminate"};
    if (action == "traced") return {kProcess, 3, "Open"};
    if (action == "changed-identity-of") return {kProcess, 5, "Set User ID"};
    if (said.kind == "user-login") {
        if (action == "authenticated" || action == "logged-in" || action == "started-session")
            return {kAuthentication, 1, "Logon"};
        if (action == "ended-session" || action == "logged-out") return {kAuthentication, 2, "Logoff"};
        if (action == "changed-password") return {kAccount, 3, "Password Change"};
        return {kAuthentication, 99, "Other"};
    }
    if (said.kind == "user-account" || said.kind == "group-change") {
        if (action == "added-user-account") return {kAccount, 1, "Create"};
        if (action == "deleted-user-account") return {kAccount, 6, "Delete"};
        if (action == "locked-account") return {kAccount, 9, "Lock"};
        return {kAccount, 99, "Other"};
    }
    if (action == "connected-to" || action == "accepted-connection-from") return {kNetwork, 1, "Open"};
    if (action == "sent-to" || action == "received-from") return {kNetwork, 6, "Traffic"};
    if (action == "bound-socket") return {kNetwork, 7, "Listen"};
    if (action == "opened-file") return {kFile, 14, "Open"};
    if (action.starts_with("created-")) return {kFile, 1, "Create"};
    if (action == "checked-metadata-of") return {kFile, 2, "Read"};
    if (action == "deleted") return {kFile, 4, "Delete"};
    if (action == "renamed") return {kFile, 5, "Rename"};
    if (action == "changed-file-attributes-of" || action == "changed-timestamp-of") return {kFile, 6, "Set Attributes"};
    if (action == "changed-file-permissions-of" || action == "changed-file-ownership-of")
        return {kFile, 7, "Set Security"};
    if (action == "mounted") return {kFile, 12, "Mount"};
    if (action == "unmounted") return {kFile, 13, "Unmount"};
    if (action == "symlinked" || action == "linked") return {kFile, 99, "Other"};
    if (said.kind == "audit-rule" || said.kind == "configuration") return {kApi, 99, "Other"};
    return {kBase, 99, "Other"};
}

struct ClassName {
    unsigned uid;
    std::string_view name;
    unsigned category;
    std::string_view category_name;
};
constexpr auto kClasses = std::to_array<ClassName>({
    {kBase, "Base Event", 0, "Uncategorized"},
    {kFile, "File System Activity", 1, "System Activity"},
    {kProcess, "Process Activity", 1, "System Activity"},
    {kAccount, "Account Change", 3, "Identity & Access Management"},
    {kAuthentication, "Authentication", 3, "Identity & Access Management"},
    {kNetwork, "Network Activity", 4, "Network Activity"},
    {kApi, "API Activity", 6, "Application Activity"},
});

/// file.type_id by the mode of the first path that is no folder of another one; 0 is "unknown".
unsigned file_type(const LogEvent& event) {
    for (const Record& record : event.records) {
        if (record.type != kPath) continue;
        const auto kind = find(record, "nametype");
        const auto mode = find(record, "mode");
        if (!mode || (kind && kind->value == "PARENT")) continue;
        unsigned bits = 0;
        std::from_chars(mode->value.data(), mode->value.data() + mode->value.size(), bits, 8);
        switch (bits & 0170000U) {
            case 0100000: return 1;
            case 0040000: return 2;
            case 0020000: return 3;
            case 0060000: return 4;
            case 0140000: return 5;
            case 0010000: return 6;
            case 0120000: return 7;
            default: return 0;
        }
    }
    return 0;
}

std::string_view base_name(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    const std::string_view last = path.substr(path.rfind('/') + 1);
    return last.empty() ? path : last;
}

/// What a program claims; empty for none, and for the `?` that stands for none.
std::string_view claim(const model::Event& fields, std::string_view name) {
    const std::string_view text = fields.text("audit.claim", name);
    return text == "?" || text == "(none)" || text == "(unknown)" ? std::string_view() : text;
}

class OcsfFormat final : public OutputFormat {
public:
    explicit OcsfFormat(const FormatOptions& options) : options_(options), values_(options.accounts, Escape::raw) {}

    void write(const LogEvent& event, std::string& out) override {
        read_fields(event, options_.accounts, fields_);
        const Normalized said = normalized(event, values_);
        const Activity activity = settled(activity_of(said), event, said);
        buffer_.clear();
        JsonTree tree(buffer_);
        put_head(tree, event, said, activity);
        put_actor(tree);
        switch (activity.class_uid) {
            case kProcess: put_process(tree, event, said); break;
            case kFile: put_files(tree, event, said); break;
            case kNetwork: put_endpoints(tree, said); break;
            case kAccount: put_json(tree.member("user.name"), said.object); break;
            case kAuthentication: put_authentication(tree, said); break;
            case kApi: put_api(tree, said); break;
            default:
                put_json(tree.member("unmapped.action"), said.action);
                if (!said.object.empty()) put_json(tree.member("unmapped.object"), said.object);
        }
        put_rows(tree, fields_, kUnmappedRows);
        if (options_.records) {
            std::string lines;
            for (const Record& record : event.records) lines.append(record.line).append("\n");
            put_json(tree.member("raw_data"), lines);
        }
        tree.end();
        buffer_.put('\n');
        out += buffer_.text();
    }

private:
    /// Every class requires objects; an event that cannot fill them is of a more general one.
    [[nodiscard]] Activity settled(Activity wanted, const LogEvent& event, const Normalized& said) const {
        const bool process = fields_.has("proc.pid");
        const Activity call = process ? Activity{kApi, 99, "Other"} : Activity{kBase, 99, "Other"};
        switch (wanted.class_uid) {
            case kFile: return process && !path_of(said).empty() ? wanted : call;
            case kProcess: return process && (is_self(said) || event.first(kObjPid) != nullptr) ? wanted : call;
            case kNetwork:
                if (!has_endpoint()) return call;
                if (wanted.activity == 1 && said.action == "connected-to" && said.result == "failed" && !connecting())
                    return fields_.integer("evt.rawres") == -ECONNREFUSED ? Activity{kNetwork, 5, "Refuse"}
                                                                          : Activity{kNetwork, 4, "Fail"};
                return wanted;
            case kAccount: return said.object.empty() ? call : wanted;
            case kAuthentication: return user_of(said).empty() && login_of() < 0 ? call : wanted;
            case kApi: return call;
            default: return wanted;
        }
    }

    static bool is_self(const Normalized& said) {
        return said.action == "executed" || said.action == "changed-identity-of";
    }
    [[nodiscard]] std::string_view path_of(const Normalized& said) const {
        const std::string_view path = fields_.text("fs.path.name");
        return path.empty() ? std::string_view(said.object) : path;
    }
    [[nodiscard]] bool has_endpoint() const {
        return fields_.has("fd.cip") || fields_.has("fd.sip") || !fields_.text("audit.saddr").empty();
    }
    /// The connection is being made still (EINPROGRESS): neither open nor failed.
    [[nodiscard]] bool connecting() const { return fields_.integer("evt.rawres") == -EINPROGRESS; }
    [[nodiscard]] std::int64_t login_of() const {
        return fields_.has("user.loginuid") ? fields_.integer("user.loginuid") : -1;
    }
    /// Who logs in or out: what the service claims, or whom the kernel's LOGIN record names.
    [[nodiscard]] std::string_view user_of(const Normalized& said) const {
        for (const std::string_view text : {claim(fields_, "acct"), claim(fields_, "id")})
            if (!text.empty()) return text;
        return said.type == "LOGIN" ? std::string_view(said.object) : std::string_view();
    }
    [[nodiscard]] std::string_view host() const {
        const std::string_view node = fields_.text("audit.node");
        return node.empty() ? std::string_view(options_.host) : node;
    }

    void put_head(JsonTree& tree, const LogEvent& event, const Normalized& said, const Activity& activity) const {
        const auto& about = *std::ranges::find(kClasses, activity.class_uid, &ClassName::uid);
        tree.member("activity_id").put_number(activity.activity);
        put_json(tree.member("activity_name"), activity.name);
        tree.member("category_uid").put_number(about.category);
        put_json(tree.member("category_name"), about.category_name);
        tree.member("class_uid").put_number(about.uid);
        put_json(tree.member("class_name"), about.name);
        tree.member("type_uid").put_number(about.uid * 100 + activity.activity);
        tree.member("time").put_signed(event.id.milliseconds);
        tree.member("severity_id").put_number(1);
        const bool going_on = activity.class_uid == kNetwork && connecting();
        const bool success = said.result == "success";
        const bool failure = said.result == "failed" && !going_on;
        tree.member("status_id").put_number(going_on ? 99 : success ? 1 : failure ? 2 : 0);
        put_json(tree.member("status"), going_on  ? "In Progress"
                                        : success ? "Success"
                                        : failure ? "Failure"
                                                  : "Unknown");
        put_json(tree.member("message"), sentence(said));
        put_json(tree.member("metadata.version"), kSchemaVersion);
        put_json(tree.member("metadata.product.name"), "Plimsoll");
        put_json(tree.member("metadata.product.vendor_name"), "Plimsoll");
        tree.member("metadata.profiles").put("[\"host\"]");
        put_json(tree.member("metadata.log_name"), "audit");
        put_json(tree.member("metadata.log_provider"), "Linux audit");
        put_json(tree.member("metadata.event_code"), said.type);
        tree.member("metadata.sequence").put_number(event.id.serial);
        tree.member("device.type_id").put_number(0);
        if (host().empty())
            put_json(tree.member("device.name"), "unknown");  // one name is required; the log tells none
        else
            put_json(tree.member("device.hostname"), host());
    }

    void put_actor(JsonTree& tree) const {
        put_rows(tree, fields_, kActorProcessRows);
        if (fields_.has("proc.exepath")) tree.member("actor.process.file.type_id").put_number(1);
        put_rows(tree, fields_, kActorRows);
    }

    void put_process(JsonTree& tree, const LogEvent& event, const Normalized& said) const {
        if (is_self(said)) {
            put_rows(tree, fields_, kProcessRows);
            if (fields_.has("proc.exepath")) tree.member("process.file.type_id").put_number(1);
            return;
        }
        const Record& target = *event.first(kObjPid);
        std::uint64_t pid = 0;
        if (const auto field = find(target, "opid"))
            std::from_chars(field->value.data(), field->value.data() + field->value.size(), pid);
        tree.member("process.pid").put_number(pid);
        if (const auto field = find(target, "ocomm"))
            put_json(tree.member("process.name"), decode(field->value, field->quoted));
    }

    static void put_file(JsonTree& tree, std::string_view path, unsigned type,
                         const std::array<std::string_view, 3>& names) {
        put_json(tree.member(names[0]), path);
        put_json(tree.member(names[1]), base_name(path));
        tree.member(names[2]).put_number(type);
    }

    void put_files(JsonTree& tree, const LogEvent& event, const Normalized& said) const {
        const unsigned type = file_type(event);
        put_file(tree, path_of(said), type, {"file.path", "file.name", "file.type_id"});
        const std::string_view named = fields_.text("fs.path.target");
        const std::string_view target = named.empty() ? std::string_view(said.object2) : named;
        if (!target.empty())
            put_file(tree, target, type, {"file_result.path", "file_result.name", "file_result.type_id"});
    }

    void put_endpoints(JsonTree& tree, const Normalized& said) const {
        put_rows(tree, fields_, kNetworkRows);
        if (fields_.has("fd.cip") || fields_.has("fd.sip")) return;
        const bool peer = said.action == "accepted-connection-from" || said.action == "received-from";
        put_json(tree.member(peer ? "src_endpoint.svc_name" : "dst_endpoint.svc_name"), fields_.text("audit.saddr"));
    }

    void put_authentication(JsonTree& tree, const Normalized& said) const {
        const std::string_view user = user_of(said);
        if (!user.empty())
            put_json(tree.member("user.name"), user);
        else
            put_json(tree.member("user.uid"), std::to_string(login_of()));
        const std::string_view exe =
            claim(fields_, "exe").empty() ? fields_.text("proc.exepath") : claim(fields_, "exe");
        put_json(tree.member("service.name"), exe.empty() ? std::string_view("unknown") : base_name(exe));
        if (const std::string_view from = claim(fields_, "addr"); !from.empty()) {
            put_json(tree.member("src_endpoint.ip"), from);
            tree.member("is_remote").put("true");
        }
    }

    void put_api(JsonTree& tree, const Normalized& said) const {
        const std::string_view call =
            fields_.text("audit.uring").empty() ? fields_.text("syscall.type") : fields_.text("audit.uring");
        put_json(tree.member("api.operation"), call.empty() ? std::string_view(said.action) : call);
        put_json(tree.member("api.service.name"), "Linux kernel");
        const std::string_view exe = fields_.text("proc.exepath");
        if (!host().empty()) put_json(tree.member("src_endpoint.hostname"), host());
        put_json(tree.member("src_endpoint.svc_name"), exe.empty() ? std::string_view("unknown") : base_name(exe));
        if (!said.object.empty()) put_resources(tree.member("resources"), said);
    }

    static std::string sentence(const Normalized& said) {
        std::string text = said.subject + " " + said.action;
        if (!said.object.empty()) text += " " + said.object;
        return text;
    }

    static void put_resources(Buffer& out, const Normalized& said) {
        out.put("[{\"name\":");
        put_json(out, said.object);
        out.put(",\"type\":");
        put_json(out, said.object_kind);
        out.put("}]");
    }

    FormatOptions options_;
    ValueWriter values_;
    model::Event fields_;
    Buffer buffer_;
};

}  // namespace

std::unique_ptr<OutputFormat> make_ocsf_format(const FormatOptions& options) {
    return std::make_unique<OcsfFormat>(options);
}

}  // namespace plimsoll::audit
