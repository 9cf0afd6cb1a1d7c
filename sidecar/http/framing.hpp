// Decides whether the bytes of a connection begin with a complete request that this server accepts.
//
// A pure function: it reads a buffer and says what it holds. Everything that HTTP leaves to interpretation,
// and through which one request could be read as two, is refused here, before anything else looks at it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steward::sidecar::http {

struct Limits {
    std::size_t head_bytes = 16 * 1024;
    std::size_t body_bytes = 1024 * 1024;
    std::size_t target_bytes = 4 * 1024;
    std::size_t header_count = 100;
};

/// Why a request is refused. The connection is closed behind the answer: where the next request would begin
/// is not known.
struct Refusal {
    int status = 0;
    char const *code = "";
    char const *detail = "";
};

/// The few parts of a request that anybody here asks for; other headers are dropped. The views point into
/// the buffer that was framed.
struct Request {
    std::string_view method;
    std::string_view target; // in origin form: begins with a slash
    std::string_view host;
    std::string_view content_type;
    std::string_view request_id; // empty unless it is one that we accept
    std::string_view accept;
    std::string_view authorization;
    std::string_view cookie;
    std::string_view csrf_token; // X-CSRF-Token
    std::string_view fetch_site; // Sec-Fetch-Site
    std::string_view if_none_match;
    std::string_view last_event_id;
    std::string_view body;
    bool keep_alive = false;
};

enum class Outcome { incomplete, complete, refused };

struct Framed {
    Outcome outcome = Outcome::incomplete;
    std::size_t size = 0;        // bytes of the request; known, and not 0, once its head is complete
    bool wants_continue = false; // the client waits for a word before it sends the body
    Request request;             // if complete
    Refusal refusal;             // if refused
};

Framed frame(std::string_view input, Limits const &limits);

/// Letters, digits, dot, underscore and hyphen, at most 64 of them.
bool is_request_id(std::string_view text);

/// The path of a target: what stands before the question mark.
std::string_view path_of(std::string_view target);

/// The decoded values of the parameter `name` in the query of a target, each as often as it stands there. A
/// value is all that stands behind the first equals sign; one that is not well encoded is empty.
std::vector<std::string> query_values(std::string_view target, std::string_view name);

/// All parameters in the query of a target, or in a form, decoded as query_values() does it.
std::vector<std::pair<std::string, std::string>> query_pairs(std::string_view query);

/// What stands behind the question mark.
std::string_view query_of(std::string_view target);

/// The value of the cookie `name`; empty if there is none.
std::string_view cookie_value(std::string_view cookies, std::string_view name);

/// What %41 stands for, in a path, where + is a plus; nothing if it is not well encoded.
std::optional<std::string> path_segment_decoded(std::string_view text);

} // namespace steward::sidecar::http
