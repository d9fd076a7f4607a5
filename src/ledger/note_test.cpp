#include "ledger/note.h"

#include <gtest/gtest.h>

#include "host/temporary_tree.h"
#include "ledger/checkpoint.h"
#include "ledger/keys.h"

namespace plimsoll::ledger {
namespace {

// The note, public key and secret key of the documentation of Go's note package, whose format c2sp.org/signed-note is.
constexpr std::string_view kGoNote =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
constexpr std::string_view kGoKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view kGoSecret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

TEST(Note, VerifiesWhatGosNotePackageSigned) {
    const auto key = parse_verifier_key(kGoKey);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(to_text(*key), kGoKey);
    const auto note = parse_note(kGoNote);
    ASSERT_TRUE(note) << note.error().message;
    EXPECT_EQ(verify_note(*note, *key).state, Signed::State::good);
    EXPECT_EQ(to_text(*note), kGoNote);
}

TEST(Note, SignsAsGosNotePackageDoes) {
    const auto key = SigningKey::parse(kGoSecret);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(to_text(key->verifier()), kGoKey);
    EXPECT_EQ(key->text(), std::string(kGoSecret) + '\n');
    Note note{.text = parse_note(kGoNote)->text};
    note.signatures.push_back(key->sign_note(note.text));
    EXPECT_EQ(to_text(note), kGoNote);
}

TEST(Note, EveryChangedByteIsFound) {
    const auto key = parse_verifier_key(kGoKey);
    for (std::size_t i = 0; i < kGoNote.size(); ++i) {
        for (const char flip : {'\x01', '\x20', '\x40'}) {
            std::string text(kGoNote);
            text[i] = static_cast<char>(text[i] ^ flip);
            const auto note = parse_note(text);
            EXPECT_FALSE(note && verify_note(*note, *key).state == Signed::State::good) << i;
        }
    }
}

TEST(Note, RefusesWhatIsNoNote) {
    for (const std::string_view text :
         {std::string_view(""), std::string_view("text\n"), std::string_view("text\n\n"),
          std::string_view("text\n\nx\n"), std::string_view("text\n\n\xe2\x80\x94 name\n"),
          std::string_view("text\n\n\xe2\x80\x94 name !!!!\n"),
          std::string_view("text\n\n\xe2\x80\x94 na+me AAAAAAAA\n"),
          std::string_view("te\0t\n\n\xe2\x80\x94 n AAAAAAAA\n", 22),
          std::string_view("te\xff\n\n\xe2\x80\x94 n AAAAAAAA\n")})
        EXPECT_FALSE(parse_note(text)) << text;
}

TEST(Cosignature, SaysItsTimeAndCoversTheText) {
    auto key = SigningKey::generate("witness.example/w1", SignatureType::cosignature);
    ASSERT_TRUE(key);
    Note note{.text = "example.com/log\n1\nAAAA\n"};
    note.signatures.push_back(key->sign_note(note.text, 1679315147));
    const auto read = parse_note(to_text(note));
    ASSERT_TRUE(read);
    const Signed answer = verify_note(*read, key->verifier());
    EXPECT_EQ(answer.state, Signed::State::good);
    EXPECT_EQ(answer.time, 1679315147U);
    note.text += "more\n";
    EXPECT_EQ(verify_note(note, key->verifier()).state, Signed::State::bad);
}

TEST(Checkpoint, IsReadAsItWasSigned) {
    auto key = SigningKey::generate("plimsoll/host/0011223344556677", SignatureType::ed25519);
    ASSERT_TRUE(key);
    const Hash root = leaf_hash("x");
    const auto note = parse_note(sign_checkpoint(*key, 20852163, root));
    ASSERT_TRUE(note);
    EXPECT_EQ(verify_note(*note, key->verifier()).state, Signed::State::good);
    const auto checkpoint = parse_checkpoint(note->text);
    ASSERT_TRUE(checkpoint);
    EXPECT_EQ(checkpoint->size, 20852163U);
    EXPECT_EQ(checkpoint->root, root);
    EXPECT_FALSE(parse_checkpoint("o\n01\n" + to_base64(root) + "\n"));
    EXPECT_FALSE(parse_checkpoint("o\n1\nAAAA\n"));
}

TEST(KeyFile, IsKeptFromOthersAndErased) {
    const host::TemporaryTree folder;
    const std::string path = folder.at("/key");
    EXPECT_EQ(*read_key(path), nullptr);
    auto key = SigningKey::generate("plimsoll/host/0011223344556677", SignatureType::ed25519);
    ASSERT_TRUE(write_key(path, *key));
    EXPECT_FALSE(write_key(path, *key)) << "an existing key is never overwritten";
    EXPECT_EQ((*read_key(path))->verifier(), key->verifier());
    ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
    EXPECT_FALSE(read_key(path));
    ASSERT_TRUE(erase_key(path));
    EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace plimsoll::ledger
