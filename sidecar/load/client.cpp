#include "sidecar/load/client.hpp"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <stdexcept>

#include <curl/curl.h>
#include <sys/timerfd.h>

#include "sidecar/http/socket.hpp"

namespace steward::sidecar::load {
namespace {

constexpr std::size_t longest_kept = 8 * 1024 * 1024;
constexpr int longest_wait_ms = 250;

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

std::size_t discard(char *, std::size_t size, std::size_t count, void *) {
    return size * count;
}

std::size_t keep(char *data, std::size_t size, std::size_t count, void *kept) {
    auto &text = *static_cast<std::string *>(kept);
    if (text.size() + size * count > longest_kept)
        return 0;
    text.append(data, size * count);
    return size * count;
}

char const *name_of(CURLcode code) {
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        return "refused";
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "unknown host";
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return "connection lost";
    default:
        return curl_easy_strerror(code);
    }
}

Reply reply_of(CURL *handle, CURLcode code) {
    Reply reply;
    long status = 0;
    curl_off_t microseconds = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle, CURLINFO_TOTAL_TIME_T, &microseconds);
    reply.status = static_cast<int>(status);
    reply.seconds = static_cast<double>(microseconds) * 1e-6;
    if (code != CURLE_OK)
        reply.error = name_of(code);
    else if (status < 200 || (status >= 300 && status != 304))
        reply.error = "status " + std::to_string(status);
    return reply;
}

/// Wakes curl's poll more precisely than its milliseconds.
class Alarm {
  public:
    void set(Clock::time_point when) const {
        // The steady clock is CLOCK_MONOTONIC; a time of 0 would disarm it.
        auto const nanoseconds = std::max<std::int64_t>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count(), 1);
        itimerspec timer{};
        timer.it_value.tv_sec = static_cast<std::time_t>(nanoseconds / 1000000000);
        timer.it_value.tv_nsec = static_cast<long>(nanoseconds % 1000000000);
        ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &timer, nullptr);
    }
    int get() const { return timer_.get(); }

  private:
    http::Descriptor timer_{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
};

} // namespace

struct Client::Parts {
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers{nullptr, curl_slist_free_all};
    std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi{nullptr, curl_multi_cleanup};
    std::vector<Easy> users;
    Alarm alarm;
};

Client::Client(int users, double timeout, std::string const &token) : parts_(std::make_unique<Parts>()) {
    static CURLcode const started = curl_global_init(CURL_GLOBAL_DEFAULT);
    parts_->multi.reset(curl_multi_init());
    if (started != CURLE_OK || !parts_->multi)
        throw std::runtime_error("cannot start libcurl");
    curl_slist *list = curl_slist_append(nullptr, "Content-Type: application/json");
    list = curl_slist_append(list, "Expect:");
    if (!token.empty())
        list = curl_slist_append(list, ("Authorization: Bearer " + token).c_str());
    parts_->headers.reset(list);
    curl_multi_setopt(parts_->multi.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(users));
    for (int user = 0; user < users; ++user) {
        Easy handle(curl_easy_init(), curl_easy_cleanup);
        CURL *const curl = handle.get();
        curl_easy_setopt(curl, CURLOPT_PRIVATE, reinterpret_cast<void *>(static_cast<std::intptr_t>(user)));
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, parts_->headers.get());
        curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, std::max(static_cast<long>(timeout * 1000), 1L));
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "steward-load/" STEWARD_VERSION);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
        parts_->users.push_back(std::move(handle));
    }
}

Client::~Client() {
    drop();
}

void Client::drop() {
    for (Easy const &user : parts_->users)
        curl_multi_remove_handle(parts_->multi.get(), user.get()); // one that is not in it is no error
    under_way_ = 0;
}

Reply Client::get(std::string const &url) {
    CURL *const curl = parts_->users.front().get();
    std::string body;
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, nullptr);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    Reply reply = reply_of(curl, curl_easy_perform(curl));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
    reply.body = std::move(body);
    return reply;
}

void Client::begin(int user, Request const &request) {
    CURL *const curl = parts_->users[static_cast<std::size_t>(user)].get();
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_NOBODY, request.method == "HEAD" ? 1L : 0L);
    if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, request.body.c_str());
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_multi_add_handle(parts_->multi.get(), curl);
    ++under_way_;
}

void Client::wait(Clock::time_point until, int wake, Done const &done) {
    CURLM *const multi = parts_->multi.get();
    int running = 0;
    curl_multi_perform(multi, &running);
    if (running == under_way_) { // or something has ended already
        parts_->alarm.set(until);
        curl_waitfd others[] = {{parts_->alarm.get(), CURL_WAIT_POLLIN, 0}, {wake, CURL_WAIT_POLLIN, 0}};
        curl_multi_poll(multi, others, wake < 0 ? 1 : 2, longest_wait_ms, nullptr);
        curl_multi_perform(multi, &running);
    }
    int left = 0;
    while (CURLMsg const *const message = curl_multi_info_read(multi, &left)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *const handle = message->easy_handle;
        Reply const reply = reply_of(handle, message->data.result);
        void *user = nullptr;
        curl_easy_getinfo(handle, CURLINFO_PRIVATE, &user);
        curl_multi_remove_handle(multi, handle);
        --under_way_;
        done(static_cast<int>(reinterpret_cast<std::intptr_t>(user)), reply);
    }
}

} // namespace steward::sidecar::load
