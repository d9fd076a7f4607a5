#include "ledger/witness.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/base64.h"
#include "host/http_server.h"
#include "host/temporary_tree.h"
#include "ledger/proof.h"
#include "ledger/test_events.h"
#include "ledger/verify.h"
#include "ledger/witness_client.h"
#include "ledger/writer.h"

namespace plimsoll::ledger {
namespace {

/// A log of numbered leaves that signs what a test asks for.
struct SmallLog {
    SigningKey key = std::move(*SigningKey::generate("example.com/log", SignatureType::ed25519));
    std::vector<Hash> leaves;

    explicit SmallLog(std::size_t count = 20, std::string_view word = "leaf") {
        for (std::size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(std::string(word) + std::to_string(i)));
    }
    [[nodiscard]] Hash root(std::uint64_t size) const { return root_of(std::span(leaves).first(size)); }
    [[nodiscard]] std::string request(std::uint64_t old, std::uint64_t size) const {
        const auto path = consistency_path(std::min(old, size), size, [&](std::uint64_t begin, std::uint64_t end) {
            return Result<Hash>(root_of(std::span(leaves).subspan(begin, end - begin)));
        });
        return to_text(AddCheckpoint{.old = old, .path = *path, .checkpoint = sign_checkpoint(key, size, root(size))});
    }
};

struct WitnessTest : testing::Test {
    host::TemporaryTree folder;
    SmallLog log;
    std::unique_ptr<Witness> witness = started();

    std::unique_ptr<Witness> started() {
        auto opened = Witness::open(folder.at("/state"), "witness.example/w1", [] { return 1679315147U; });
        check(opened.has_value() && (*opened)->add_log(log.key.verifier()).has_value());
        return std::move(*opened);
    }
};

TEST_F(WitnessTest, CosignsWhatGoesOnFromWhatItHolds) {
    const WitnessAnswer first = witness->add_checkpoint(log.request(0, 7));
    ASSERT_EQ(first.status, 200U) << first.body;
    const auto note = parse_note(to_text(Checkpoint{"example.com/log", 7, log.root(7)}) + "\n" + first.body);
    ASSERT_TRUE(note);
    const Signed answer = verify_note(*note, witness->verifier());
    EXPECT_EQ(answer.state, Signed::State::good);
    EXPECT_EQ(answer.time, 1679315147U);
    EXPECT_EQ(witness->add_checkpoint(log.request(7, 13)).status, 200U);
    EXPECT_EQ(witness->add_checkpoint(log.request(13, 13)).status, 200U) << "the same again is signed anew";
}

TEST_F(WitnessTest, NeverGoesBackNotEvenAfterARestart) {
    ASSERT_EQ(witness->add_checkpoint(log.request(0, 13)).status, 200U);
    witness = started();
    const WitnessAnswer answer = witness->add_checkpoint(log.request(0, 7));
    EXPECT_EQ(answer.status, 409U);
    EXPECT_EQ(answer.body, "13\n");
    EXPECT_EQ(answer.content_type, "text/x.tlog.size");
    EXPECT_EQ(witness->add_checkpoint(log.request(13, 20)).status, 200U);
}

TEST_F(WitnessTest, RefusesAnotherHistory) {
    ASSERT_EQ(witness->add_checkpoint(log.request(0, 7)).status, 200U);
    SmallLog other(20, "rewritten");
    other.key = std::move(*SigningKey::parse(log.key.text()));
    EXPECT_EQ(witness->add_checkpoint(other.request(7, 13)).status, 422U);
    EXPECT_EQ(witness->add_checkpoint(other.request(7, 7)).status, 409U);
    EXPECT_EQ(witness->add_checkpoint(log.request(7, 13)).status, 200U);
}

TEST_F(WitnessTest, AnswersTheCodesOfTheSpecification) {
    EXPECT_EQ(witness->add_checkpoint("").status, 400U);
    EXPECT_EQ(witness->add_checkpoint("old 01\n\n").status, 400U);
    EXPECT_EQ(witness->add_checkpoint(log.request(13, 7)).status, 400U) << "the old size is above the new one";
    SmallLog stranger;
    EXPECT_EQ(witness->add_checkpoint(stranger.request(0, 7)).status, 403U) << "right origin, other key";
    stranger.key = std::move(*SigningKey::generate("example.com/other", SignatureType::ed25519));
    EXPECT_EQ(witness->add_checkpoint(stranger.request(0, 7)).status, 404U);
    AddCheckpoint proof{.path = {log.leaves[0]}, .checkpoint = sign_checkpoint(log.key, 7, log.root(7))};
    EXPECT_EQ(witness->add_checkpoint(to_text(proof)).status, 422U) << "from nothing there is nothing to prove";
}

TEST_F(WitnessTest, FollowsAKeyThatTheOldOneSigned) {
    ASSERT_EQ(witness->add_checkpoint(log.request(0, 7)).status, 200U);
    SigningKey next = std::move(*SigningKey::generate("example.com/log", SignatureType::ed25519));
    const std::string line = "example.com/log\n" + to_text(next.verifier()) + " ";
    EXPECT_EQ(witness->add_key(line + plimsoll::to_base64(next.sign(succession_text(next.verifier()))) + "\n").status,
              403U);
    EXPECT_EQ(
        witness->add_key(line + plimsoll::to_base64(log.key.sign(succession_text(next.verifier()))) + "\n").status,
        200U);
    const std::string by_old = log.request(7, 13);
    log.key = std::move(next);
    EXPECT_EQ(witness->add_checkpoint(by_old).status, 403U) << "the erased key signs no more";
    EXPECT_EQ(witness->add_checkpoint(log.request(7, 13)).status, 200U);
}

TEST(WitnessClient, HasALedgerCosignedAcrossSealsAndKeys) {
    const host::TemporaryTree folder;
    Nanoseconds clock = now();
    WriterOptions options{.path = folder.at("/ledger"), .host = "web-1", .segment_rows = 500, .reserve_bytes = 0};
    options.clock = [&] { return clock; };
    auto writer = std::move(*Writer::open(options));
    RandomEvents events(5, true);
    const auto write = [&](int count) {
        for (int i = 0; i < count; ++i) check(writer->append(events.next()).has_value());
        check(writer->checkpoint().has_value());
    };
    write(100);

    std::ifstream keys(options.path + "/keys");
    std::string key;
    keys >> key;
    auto witness = std::move(*Witness::open(folder.at("/state"), "witness.example/w1"));
    ASSERT_TRUE(witness->add_log(*parse_verifier_key(key)));
    const auto server = host::HttpServer::start("127.0.0.1:0", {}, [&](const host::ServedRequest& request) {
        WitnessAnswer answer =
            request.path() == "/w/add-key" ? witness->add_key(request.body) : witness->add_checkpoint(request.body);
        return host::ServedAnswer{.status = answer.status, .body = answer.body, .content_type = answer.content_type};
    });
    ASSERT_TRUE(server) << server.error().message;
    const std::string url = "http://" + (*server)->text() + "/w/";
    auto client = WitnessClient::open(options.path, url, witness->verifier());
    ASSERT_TRUE(client) << client.error().message;
    const auto submit = [&] { return (*client)->submit(host::Patience::of(std::chrono::seconds(10))); };

    WitnessOutcome outcome = submit();
    EXPECT_EQ(outcome.kind, WitnessOutcome::Kind::cosigned) << outcome.message;
    write(1700);
    outcome = submit();
    EXPECT_EQ(outcome.kind, WitnessOutcome::Kind::cosigned) << outcome.message;
    clock = now() + 2 * kDay;
    writer->tick();  // the next key
    write(10);
    outcome = submit();
    EXPECT_EQ(outcome.kind, WitnessOutcome::Kind::cosigned) << outcome.message;
    EXPECT_GT(outcome.size, 1810U);

    // A client that remembers nothing asks what is held.
    std::filesystem::remove(options.path + "/" + cosigned_name(witness->verifier()));
    client = WitnessClient::open(options.path, url, witness->verifier());
    write(10);
    outcome = submit();
    EXPECT_EQ(outcome.kind, WitnessOutcome::Kind::cosigned) << outcome.message;

    // What the witness keeps is an anchor.
    const std::string held = witness->checkpoints().body;
    const auto report =
        verify({.path = options.path, .anchor = held.substr(0, held.size() - 1), .trusted = {witness->verifier()}});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->verdict, Verdict::ok) << (report->faults.empty() ? "" : report->faults[0].message);
    EXPECT_TRUE(report->key_trusted);

    // Proofs of what it covers lead to what was cosigned; what came later is not passed off as witnessed.
    const RecordNumber covered = outcome.size - 1;
    write(10);
    const auto witnesses = [&](RecordNumber number, const std::vector<VerifierKey>& trusted) {
        const auto proof = prove(options.path, number);
        const auto shown =
            proof ? check_proof(*parse_proof(to_text(*proof)), trusted) : Result<ProofReport>(proof.error());
        EXPECT_TRUE(shown) << shown.error().message;
        return shown ? shown->witnesses : std::vector<Cosignature>();
    };
    using State = Cosignature::State;
    for (const RecordNumber number : {RecordNumber{5}, covered}) {
        const auto good = witnesses(number, {witness->verifier()});
        ASSERT_EQ(good.size(), 1U);
        EXPECT_EQ(good[0].state, State::good);
        EXPECT_EQ(good[0].name, "witness.example/w1");
        EXPECT_GT(good[0].time, 1'700'000'000U);
        EXPECT_EQ(witnesses(number, {}).at(0).state, State::unchecked);
    }
    EXPECT_EQ(witnesses(covered + 1, {witness->verifier()}).at(0).state, State::absent);
    EXPECT_TRUE(witnesses(covered + 1, {}).empty());

    // A checkpoint that this ledger signed and does not lead to makes no proof.
    const SigningKey signer = std::move(**read_key(options.path + "/key"));
    Note false_note = *parse_note(sign_checkpoint(signer, outcome.size, Hash{}));
    false_note.signatures.push_back({.name = "witness.example/w1", .key_id = witness->verifier().id(), .bytes = "x"});
    std::ofstream(options.path + "/" + cosigned_name(witness->verifier())) << to_text(false_note);
    EXPECT_FALSE(prove(options.path, 5));
    EXPECT_TRUE(prove(options.path, covered + 1));
}

}  // namespace
}  // namespace plimsoll::ledger
