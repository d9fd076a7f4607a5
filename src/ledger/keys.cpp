#include "ledger/keys.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/base64.h"
#include "base/text.h"
#include "host/fd.h"
#include "host/system_error.h"

namespace plimsoll::ledger {

namespace {

constexpr std::string_view kPrefix = "PRIVATE+KEY+";
constexpr std::size_t kSignatureBytes = 64;

struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Result<void> sync_folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path();
    const host::Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return host::system_error("syncing", folder);
    return {};
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
}

}  // namespace

SigningKey::SigningKey(SigningKey&& other) noexcept : verifier_(std::move(other.verifier_)), seed_(other.seed_) {
    OPENSSL_cleanse(other.seed_.data(), other.seed_.size());
}

SigningKey& SigningKey::operator=(SigningKey&& other) noexcept {
    if (this == &other) return *this;
    verifier_ = std::move(other.verifier_);
    seed_ = other.seed_;
    OPENSSL_cleanse(other.seed_.data(), other.seed_.size());
    return *this;
}

SigningKey::~SigningKey() { OPENSSL_cleanse(seed_.data(), seed_.size()); }

Result<void> SigningKey::derive() {
    const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()));
    std::size_t size = verifier_.key.size();
    if (!key || EVP_PKEY_get_raw_public_key(key.get(), verifier_.key.data(), &size) != 1)
        return Error{"the cryptographic library refuses the key"};
    return {};
}

Result<SigningKey> SigningKey::generate(std::string name, SignatureType type) {
    check(is_key_name(name));
    SigningKey key;
    key.verifier_.name = std::move(name);
    key.verifier_.type = type;
    if (RAND_bytes(key.seed_.data(), static_cast<int>(key.seed_.size())) != 1)
        return Error{"the cryptographic library has no random numbers"};
    TRY_VOID(key.derive());
    return key;
}

Result<SigningKey> SigningKey::parse(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (!text.starts_with(kPrefix)) return Error{"this is no private key"};
    text.remove_prefix(kPrefix.size());
    const std::size_t first = text.find('+');
    const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos) return Error{"this is no private key"};
    auto bytes = from_base64(text.substr(second + 1));
    SigningKey key;
    key.verifier_.name = text.substr(0, first);
    if (!bytes || bytes->size() != key.seed_.size() + 1 || !is_key_name(key.verifier_.name))
        return Error{"this is no private key"};
    const auto type = static_cast<std::uint8_t>(bytes->front());
    key.verifier_.type = static_cast<SignatureType>(type);
    std::memcpy(key.seed_.data(), bytes->data() + 1, key.seed_.size());
    OPENSSL_cleanse(bytes->data(), bytes->size());
    if (type != static_cast<std::uint8_t>(SignatureType::ed25519) &&
        type != static_cast<std::uint8_t>(SignatureType::cosignature))
        return Error{fmt::format("a private key of type {:#04x} is not supported", type)};
    TRY_VOID(key.derive());
    if (text.substr(first + 1, second - first - 1) != fmt::format("{:08x}", key.verifier_.id()))
        return Error{"the private key's id does not fit it"};
    return key;
}

std::string SigningKey::text() const {
    std::string bytes(1, static_cast<char>(verifier_.type));
    bytes.append(seed_.begin(), seed_.end());
    std::string text = fmt::format("{}{}+{:08x}+{}\n", kPrefix, verifier_.name, verifier_.id(), to_base64(bytes));
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return text;
}

std::string SigningKey::sign(std::string_view message) const {
    const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()));
    const Context context(EVP_MD_CTX_new());
    std::array<unsigned char, kSignatureBytes> signature;
    std::size_t size = signature.size();
    // With a key of the right size this fails only for want of memory.
    check(key && context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
          EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(message), message.size()) == 1);
    return {signature.begin(), signature.end()};
}

NoteSignature SigningKey::sign_note(std::string_view text, std::uint64_t time) const {
    NoteSignature signature{.name = verifier_.name, .key_id = verifier_.id()};
    if (verifier_.type == SignatureType::ed25519) {
        signature.bytes = sign(text);
        return signature;
    }
    for (int shift = 56; shift >= 0; shift -= 8) signature.bytes += static_cast<char>(time >> shift & 255U);
    signature.bytes += sign(fmt::format("cosignature/v1\ntime {}\n{}", time, text));
    return signature;
}

bool verify_signature(const VerifierKey& key, std::string_view message, std::string_view signature) {
    if (signature.size() != kSignatureBytes) return false;
    const Key parsed(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.key.data(), key.key.size()));
    const Context context(EVP_MD_CTX_new());
    return parsed && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, parsed.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) ==
               1;
}

Result<std::unique_ptr<SigningKey>> read_key(const std::string& path) {
    const host::Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) {
        if (host::means_absent(errno)) return std::unique_ptr<SigningKey>();
        return host::system_error("reading", path);
    }
    struct stat facts {};
    if (::fstat(fd.get(), &facts) != 0) return host::system_error("reading", path);
    if (!S_ISREG(facts.st_mode) || (facts.st_mode & 077U) != 0 || facts.st_uid != ::geteuid())
        return Error{
            fmt::format("{}: a secret key must be a file of mode 0600 of the user who runs this", printable(path))};
    std::string text(1024, '\0');
    const ssize_t size = ::read(fd.get(), text.data(), text.size());
    if (size < 0) return host::system_error("reading", path);
    auto key = SigningKey::parse(std::string_view(text).substr(0, static_cast<std::size_t>(size)));
    OPENSSL_cleanse(text.data(), text.size());
    if (!key) return key.error().during("reading " + printable(path));
    return std::make_unique<SigningKey>(std::move(*key));
}

Result<void> write_key(const std::string& path, const SigningKey& key) {
    const host::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return host::system_error("writing", path);
    std::string text = key.text();
    const bool done = write_all(fd.get(), text) && ::fsync(fd.get()) == 0;
    OPENSSL_cleanse(text.data(), text.size());
    if (!done) return host::system_error("writing", path);
    return sync_folder_of(path);
}

Result<void> erase_key(const std::string& path) {
    const host::Fd fd(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) {
        if (host::means_absent(errno)) return {};
        return host::system_error("erasing", path);
    }
    struct stat facts {};
    if (::fstat(fd.get(), &facts) != 0) return host::system_error("erasing", path);
    if (!write_all(fd.get(), std::string(static_cast<std::size_t>(facts.st_size), '\0')) || ::fsync(fd.get()) != 0 ||
        ::unlink(path.c_str()) != 0)
        return host::system_error("erasing", path);
    return sync_folder_of(path);
}

std::string succession_text(const VerifierKey& next) { return "plimsoll ledger: next key\n" + to_text(next) + '\n'; }

}  // namespace plimsoll::ledger
