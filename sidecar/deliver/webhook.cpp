#include "sidecar/deliver/webhook.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/socket.h>

#include "sidecar/http/text.hpp"

namespace steward::sidecar::deliver {
namespace {

constexpr long patience_ms = 5000;
constexpr std::size_t longest_answer = 1024 * 1024;

struct Attempt {
    std::vector<Range> const &allowed;
    bool is_encrypted;
    bool is_refused = false;
    std::size_t received = 0;
};

/// Called with the address that is about to be connected to.
curl_socket_t open_socket(void *data, curlsocktype, curl_sockaddr *target) {
    auto &attempt = *static_cast<Attempt *>(data);
    auto const address = address_of(&target->addr);
    if (!address || !may_send_to(*address, port_of(&target->addr), attempt.is_encrypted, attempt.allowed)) {
        attempt.is_refused = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

std::size_t receive(char *, std::size_t size, std::size_t count, void *data) {
    auto &attempt = *static_cast<Attempt *>(data);
    attempt.received += size * count;
    return attempt.received > longest_answer ? 0 : size * count; // 0 ends it
}

std::string signature(std::string const &secret, std::string const &body) {
    static constexpr char digits[] = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
    unsigned length = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<unsigned char const *>(body.data()), body.size(), mac.data(), &length);
    std::string text = "X-Steward-Signature: sha256=";
    for (unsigned i = 0; i < length; ++i) {
        text += digits[mac[i] >> 4];
        text += digits[mac[i] & 15];
    }
    return text;
}

/// Empty if the URL is not one that may be asked.
std::string scheme_of(std::string const &url) {
    std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> const parsed(curl_url(), curl_url_cleanup);
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
        return "";
    char *scheme = nullptr;
    if (curl_url_get(parsed.get(), CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return "";
    std::string const text = scheme;
    curl_free(scheme);
    return text == "https" || text == "http" ? text : "";
}

/// Not what the program itself reaches the database by: whoever may write targets could have it used as a
/// key, and guess it by what comes of that.
std::string of_environment(std::string const &name) {
    bool const is_ours = name.rfind("PG", 0) == 0 || name == "STEWARD_DATABASE";
    char const *const value = is_ours ? nullptr : std::getenv(name.c_str());
    return value == nullptr ? "" : value;
}

bool is_below(std::filesystem::path const &folder, std::filesystem::path const &path) {
    return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

/// Without the end of its last line; empty if there is none that may be used. Links may not lead out.
std::string of_file(std::string const &folder, std::string const &name, bool is_ours_alone) {
    namespace fs = std::filesystem;
    std::error_code error;
    fs::path const home = fs::canonical(folder, error);
    fs::path const path = error ? fs::path() : fs::canonical(home / name, error);
    if (error || !is_below(home, path) || !fs::is_regular_file(path, error))
        return "";
    fs::perms const unwanted = fs::perms::group_write | fs::perms::others_all;
    if (is_ours_alone && (fs::status(path, error).permissions() & unwanted) != fs::perms::none)
        return "";
    std::ifstream file(path);
    std::string const text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::size_t const end = text.find_last_not_of("\r\n");
    return file && end != std::string::npos ? text.substr(0, end + 1) : "";
}

} // namespace

Outcome post(std::string const &url, std::string const &body, std::string const &secret,
             std::vector<Range> const &allowed) {
    static CURLcode const started = curl_global_init(CURL_GLOBAL_DEFAULT);
    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> const handle(curl_easy_init(), curl_easy_cleanup);
    std::string const scheme = scheme_of(url);
    if (started != CURLE_OK || !handle || scheme.empty())
        return {0, "the URL is not one of HTTP or HTTPS, or names a user"};
    Attempt attempt{allowed, scheme == "https"};
    curl_slist *list = curl_slist_append(nullptr, "Content-Type: application/json");
    list = curl_slist_append(list, "Expect:"); // the body is short
    if (!secret.empty())
        list = curl_slist_append(list, signature(secret, body).c_str());
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> const headers(list, curl_slist_free_all);
    CURL *const curl = handle.get();
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, patience_ms);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &attempt);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &attempt);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "steward/" STEWARD_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
    CURLcode const result = curl_easy_perform(curl);
    // A name may have several; that one of them is refused matters if none is left.
    if (attempt.is_refused && attempt.received == 0 && result != CURLE_OK)
        return {0, "the address is not one that may be sent to"};
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    // A long answer is cut off, but it is one.
    if (result == CURLE_OK || (result == CURLE_WRITE_ERROR && attempt.received > longest_answer))
        return {static_cast<int>(status), ""};
    return {0, curl_easy_strerror(result)};
}

std::string secret_of(std::string const &reference, std::string const &folder) {
    std::string const kind = reference.substr(0, reference.find(':'));
    std::string const name = reference.substr(std::min(kind.size() + 1, reference.size()));
    std::string secret;
    if (kind == "env")
        secret = of_environment(name);
    else if (kind == "file" && !folder.empty())
        secret = of_file(folder, name, true);
    else if (char const *const credentials = std::getenv("CREDENTIALS_DIRECTORY");
             kind == "cred" && credentials != nullptr)
        secret = of_file(credentials, name, false);
    if (secret.empty())
        throw std::runtime_error("there is no secret at " + reference);
    return secret;
}

} // namespace steward::sidecar::deliver
