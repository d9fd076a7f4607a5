#include <algorithm>
#include <array>

#include "audit/text/clock.h"
#include "audit/text/json_formats.h"
#include "audit/text/json_text.h"
#include "audit/text/json_tree.h"
#include "audit/text/normalized.h"

namespace plimsoll::audit {

namespace {

using enum JsonAs;

constexpr std::string_view kSchemaVersion = "1.3.0";

// https://schema.ocsf.io/1.3.0. What every class has first, then what the object of one is.
constexpr auto kActorRows = std::to_array<JsonRow>({
    {"proc.pid", "actor.process.pid"},
    {"proc.name", "actor.process.name", text},
    {"proc.cmdline", "actor.process.cmd_line", text},
    {"proc.exepath", "actor.process.file.path", text},
    {"proc.exepath", "actor.process.file.name", name},
    {"proc.ppid", "actor.process.parent_process.pid"},
    {"user.uid", "actor.user.uid", text},
    {"user.name", "actor.user.name", text},
    {"audit.session", "actor.session.uid", text, true},
    {"audit.tty", "actor.session.terminal", text},
    {"audit.node", "device.hostname", text},
});
constexpr auto kProcessRows = std::to_array<JsonRow>({
    {"proc.pid", "process.pid"},
    {"proc.name", "process.name", text},
    {"proc.cmdline", "process.cmd_line", text},
    {"proc.exepath", "process.file.path", text},
    {"proc.exepath", "process.file.name", name},
    {"proc.cwd", "process.working_directory", text},
});
constexpr auto kFileRows = std::to_array<JsonRow>({
    {"fs.path.name", "file.path", text},
    {"fs.path.name", "file.name", name},
    {"fs.path.target", "file_result.path", text},
    {"fs.path.target", "file_result.name", name},
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

class OcsfFormat final : public OutputFormat {
public:
    explicit OcsfFormat(const FormatOptions& options) : options_(options), values_(options.accounts, Escape::raw) {}

    void write(const LogEvent& event, std::string& out) override {
        read_fields(event, options_.accounts, fields_);
        const Normalized said = normalized(event, values_);
        const Activity activity = activity_of(said);
        buffer_.clear();
        JsonTree tree(buffer_);
        put_head(tree, event, said, activity);
        put_rows(tree, fields_, kActorRows);
        switch (activity.class_uid) {
            case kProcess: put_rows(tree, fields_, kProcessRows); break;
            case kFile: put_rows(tree, fields_, kFileRows); break;
            case kNetwork: put_rows(tree, fields_, kNetworkRows); break;
            case kAccount:
            case kAuthentication:
                if (!said.object.empty()) put_json(tree.member("user.name"), said.object);
                break;
            case kApi:
                put_json(tree.member("api.operation"), said.action);
                if (!said.object.empty()) put_resources(tree.member("resources"), said);
                break;
            default: break;
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
    static void put_head(JsonTree& tree, const LogEvent& event, const Normalized& said, const Activity& activity) {
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
        const bool success = said.result == "success";
        const bool failure = said.result == "failed";
        tree.member("status_id").put_number(success ? 1 : failure ? 2 : 0);
        put_json(tree.member("status"), success ? "Success" : failure ? "Failure" : "Unknown");
        put_json(tree.member("message"), sentence(said));
        put_json(tree.member("metadata.version"), kSchemaVersion);
        put_json(tree.member("metadata.product.name"), "Plimsoll");
        put_json(tree.member("metadata.product.vendor_name"), "Plimsoll");
        put_json(tree.member("metadata.log_name"), "audit");
        put_json(tree.member("metadata.event_code"), said.type);
        tree.member("metadata.sequence").put_number(event.id.serial);
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
