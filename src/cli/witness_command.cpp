#include "cli/witness_command.h"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <memory>

#include "base/text.h"
#include "cli/output.h"
#include "host/http_server.h"
#include "ledger/witness.h"

namespace plimsoll::cli {

namespace {

struct WitnessArguments {
    std::string listen = "127.0.0.1:9465";
    std::string state;
    std::string name;
    std::vector<std::string> logs;
};

std::string default_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "plimsoll-witness";
    return fmt::format("plimsoll-witness/{}", name.data());
}

host::ServedAnswer answer(ledger::Witness& witness, const host::ServedRequest& request) {
    const auto served = [](ledger::WitnessAnswer from) {
        return host::ServedAnswer{
            .status = from.status, .body = std::move(from.body), .content_type = std::move(from.content_type)};
    };
    const bool post = request.method == "POST";
    if (request.path() == "/add-checkpoint" && post) return served(witness.add_checkpoint(request.body));
    if (request.path() == "/add-key" && post) return served(witness.add_key(request.body));
    if (request.path() == "/checkpoints" && request.method == "GET") return served(witness.checkpoints());
    return {.status = 404, .body = "POST /add-checkpoint, POST /add-key, GET /checkpoints\n"};
}

int serve(const WitnessArguments& arguments) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);  // before the server's threads, which inherit it

    auto witness = ledger::Witness::open(arguments.state, arguments.name.empty() ? default_name() : arguments.name);
    if (!witness) {
        complain(witness.error().message);
        return kUnknown;
    }
    for (const std::string& log : arguments.logs) {
        // ORIGIN=KEY says the origin twice, since the key's name is the origin; both must agree.
        const std::size_t equals = log.find('=');
        const bool twice = equals != std::string::npos && log.find('+') > equals;
        auto key = ledger::parse_verifier_key(twice ? std::string_view(log).substr(equals + 1) : log);
        const std::string fault = !key ? key.error().message
                                  : twice && key->name != log.substr(0, equals)
                                      ? "the key has another name than the origin"
                                  : key->type != ledger::SignatureType::ed25519 ? "not the key of a log"
                                                                                : std::string();
        if (!fault.empty()) {
            complain(fmt::format("--log {}: {}", log, fault));
            return kUsage;
        }
        if (const auto added = (*witness)->add_log(*key); !added) {
            complain(added.error().message);
            return kUnknown;
        }
    }
    host::ServeLimits limits;
    limits.body_bytes = ledger::kAddCheckpointBytes;
    const auto server = host::HttpServer::start(
        arguments.listen, limits, [&](const host::ServedRequest& request) { return answer(**witness, request); });
    if (!server) {
        complain(server.error().message);
        return kUnknown;
    }
    print(fmt::format("listening on {}, {} logs\nverifier key {}\n", (*server)->text(), (*witness)->logs(),
                      to_text((*witness)->verifier())));
    int signal = 0;
    sigwait(&stop, &signal);
    return kClean;
}

}  // namespace

void add_witness(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand(
        "witness", "Keep and cosign the checkpoints of other hosts' ledgers (c2sp.org/tlog-witness)");
    auto arguments = std::make_shared<WitnessArguments>();
    command
        .add_option("--listen", arguments->listen,
                    "Address to serve on, HOST:PORT or unix:///path; without TLS: signatures protect what is sent")
        ->capture_default_str()
        ->type_name("ADDRESS");
    command.add_option("--state", arguments->state, "Folder for the key and what was seen")
        ->required()
        ->type_name("DIR");
    command.add_option("--name", arguments->name, "Name in the key when it is made (default: plimsoll-witness/HOST)")
        ->type_name("NAME");
    command
        .add_option("--log", arguments->logs,
                    "Verifier key of a ledger to witness, ORIGIN=KEY or KEY; may be given again")
        ->type_name("KEY");
    command.footer(
        "A ledger's first key is in its file `keys`. When the ledger changes its key, the witness follows the "
        "signature\n"
        "of the old one.\n"
        "Exit codes: 0 ended by a signal, 2 wrong usage, 3 it could not start.\n"
        "Example: plimsoll witness --listen 10.0.0.2:9465 --state /var/lib/plimsoll/witness --log \"$(cut -d' ' -f1 "
        "keys)\"");
    command.callback([arguments, &exit] { exit = serve(*arguments); });
}

}  // namespace plimsoll::cli
