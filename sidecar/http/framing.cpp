#include "sidecar/http/framing.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "sidecar/http/text.hpp"

namespace steward::sidecar::http {
namespace {

constexpr Refusal malformed(char const *detail) {
    return {400, "STW01", detail};
}

/// What the headers say about the request as a whole.
struct Headers {
    Request request;
    std::size_t count = 0;
    std::size_t hosts = 0;
    std::optional<std::uint64_t> length;
    std::string_view transfer_encoding;
    bool has_transfer_encoding = false;
    bool wants_continue = false;
    bool wants_close = false;
    bool wants_keep_alive = false;
};

using Check = std::optional<Refusal>; // nothing: fine

Check read_length(std::string_view value, Headers &headers) {
    if (headers.length)
        return malformed("Content-Length is given twice.");
    std::uint64_t length = 0;
    auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error == std::errc::result_out_of_range && std::all_of(value.begin(), value.end(), is_digit))
        length = UINT64_MAX; // over any limit
    else if (value.empty() || error != std::errc() || end != value.data() + value.size())
        return malformed("Content-Length is not a number.");
    headers.length = length;
    return {};
}

void read_connection(std::string_view value, Headers &headers) {
    while (!value.empty()) {
        std::size_t const comma = std::min(value.find(','), value.size());
        std::string_view const option = trim(value.substr(0, comma));
        headers.wants_close |= equal_ignoring_case(option, "close");
        headers.wants_keep_alive |= equal_ignoring_case(option, "keep-alive");
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
}

/// Headers that are handed on as they are. Twice would leave it to chance which one counts.
Check read_plain_header(std::string_view name, std::string_view value, Request &request) {
    struct Known {
        std::string_view name;
        std::string_view Request::*value;
    };
    static constexpr std::array<Known, 7> known{{{"accept", &Request::accept},
                                                 {"authorization", &Request::authorization},
                                                 {"cookie", &Request::cookie},
                                                 {"x-csrf-token", &Request::csrf_token},
                                                 {"sec-fetch-site", &Request::fetch_site},
                                                 {"if-none-match", &Request::if_none_match},
                                                 {"last-event-id", &Request::last_event_id}}};
    for (Known const &header : known) {
        if (!equal_ignoring_case(name, header.name))
            continue;
        bool const is_secret = header.value == &Request::authorization || header.value == &Request::cookie ||
                               header.value == &Request::csrf_token;
        if (is_secret && !(request.*header.value).empty())
            return malformed("A header that says who asks is given twice.");
        request.*header.value = value;
    }
    return {};
}

Check read_known_header(std::string_view name, std::string_view value, Headers &headers) {
    if (equal_ignoring_case(name, "content-length"))
        return read_length(value, headers);
    if (equal_ignoring_case(name, "transfer-encoding")) {
        if (headers.has_transfer_encoding)
            return malformed("Transfer-Encoding is given twice.");
        headers.has_transfer_encoding = true;
        headers.transfer_encoding = value;
    } else if (equal_ignoring_case(name, "host")) {
        ++headers.hosts;
        headers.request.host = value;
    } else if (equal_ignoring_case(name, "connection")) {
        read_connection(value, headers);
    } else if (equal_ignoring_case(name, "content-type")) {
        if (!headers.request.content_type.empty())
            return malformed("Content-Type is given twice.");
        headers.request.content_type = value;
    } else if (equal_ignoring_case(name, "content-encoding")) {
        // A compressed body of one mebibyte may hold a thousand.
        if (!equal_ignoring_case(value, "identity"))
            return Refusal{415, "STW09", "Content-Encoding is not supported."};
    } else if (equal_ignoring_case(name, "expect")) {
        if (!equal_ignoring_case(value, "100-continue"))
            return Refusal{417, "STW10", "The only expectation that is met is 100-continue."};
        headers.wants_continue = true;
    } else if (equal_ignoring_case(name, "x-request-id") && is_request_id(value)) {
        headers.request.request_id = value;
    } else {
        return read_plain_header(name, value, headers.request);
    }
    return {};
}

Check read_header(std::string_view line, Headers &headers) {
    std::size_t const colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
        return malformed("A header line has no name.");
    std::string_view const name = line.substr(0, colon);
    if (!std::all_of(name.begin(), name.end(), is_token))
        return malformed("The name of a header holds a character that it may not.");
    std::string_view const value = trim(line.substr(colon + 1));
    if (!std::all_of(value.begin(), value.end(), is_field_value))
        return malformed("The value of a header holds a control character.");
    return read_known_header(name, value, headers);
}

bool is_known_method(std::string_view method) {
    constexpr std::array<std::string_view, 8> known{"GET",    "HEAD",    "POST",  "PUT",
                                                    "DELETE", "OPTIONS", "TRACE", "PATCH"};
    return std::find(known.begin(), known.end(), method) != known.end();
}

/// Proxies may send the absolute form; what follows the authority is the origin form.
std::string_view origin_form(std::string_view target) {
    for (std::string_view const scheme : {"http://", "https://"}) {
        if (target.size() > scheme.size() && equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
            std::size_t const end = target.find_first_of("/?", scheme.size());
            return end == std::string_view::npos ? std::string_view("/") : target.substr(end);
        }
    }
    return target;
}

Check read_request_line(std::string_view line, Limits const &limits, Request &request, bool &is_1_1) {
    std::size_t const first = line.find(' ');
    std::size_t const last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
        return malformed("The request line has not three parts.");
    request.method = line.substr(0, first);
    std::string_view const target = line.substr(first + 1, last - first - 1);
    std::string_view const version = line.substr(last + 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
        return malformed("Only HTTP/1.0 and HTTP/1.1 are spoken.");
    is_1_1 = version == "HTTP/1.1";
    if (!std::all_of(request.method.begin(), request.method.end(), is_token) || request.method.empty())
        return malformed("The method holds a character that it may not.");
    if (target.size() > limits.target_bytes)
        return Refusal{414, "STW06", "The target of the request is too long."};
    auto const is_allowed = [](char c) { return is_visible(c) && c != '#'; };
    if (target.empty() || !std::all_of(target.begin(), target.end(), is_allowed))
        return malformed("The target holds a character that it may not.");
    if (!is_known_method(request.method))
        return Refusal{501, "STW11", "The method is not known."};
    request.target = origin_form(target);
    if (request.target.front() != '/' && !(request.method == "OPTIONS" && request.target == "*"))
        return malformed("The target does not begin with a slash.");
    return {};
}

/// Lines end in CR LF and nothing else does; a line that begins with a blank would continue the one before.
Check read_head(std::string_view head, Limits const &limits, Headers &headers, bool &is_1_1) {
    for (bool is_first = true; !head.empty(); is_first = false) {
        std::size_t const end = head.find("\r\n");
        std::string_view const line = head.substr(0, end);
        head.remove_prefix(end + 2);
        if (is_first) {
            if (Check refused = read_request_line(line, limits, headers.request, is_1_1))
                return refused;
            continue;
        }
        if (++headers.count > limits.header_count)
            return Refusal{431, "STW05", "The request has too many headers."};
        if (Check refused = read_header(line, headers))
            return refused;
    }
    return {};
}

Check check_body(Headers const &headers, Limits const &limits, bool is_1_1) {
    if (is_1_1 ? headers.hosts != 1 : headers.hosts > 1)
        return malformed("The request needs exactly one Host header.");
    if (headers.has_transfer_encoding) {
        if (headers.length)
            return malformed("Content-Length and Transfer-Encoding exclude each other.");
        if (!is_1_1 || !equal_ignoring_case(headers.transfer_encoding, "chunked"))
            return malformed("The Transfer-Encoding is not known.");
        return Refusal{411, "STW03", "Chunked bodies are not accepted: send a Content-Length."};
    }
    if (headers.length.value_or(0) > limits.body_bytes)
        return Refusal{413, "STW04", "The body is longer than the server accepts."};
    return {};
}

std::optional<std::string> percent_decoded(std::string_view text, char plus = ' ') {
    std::string decoded;
    while (!text.empty()) {
        if (text.front() != '%') {
            decoded += text.front() == '+' ? plus : text.front();
            text.remove_prefix(1);
            continue;
        }
        std::string_view const digits = text.substr(1, 2);
        unsigned value = 0;
        auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2)
            return {};
        decoded += static_cast<char>(value);
        text.remove_prefix(3);
    }
    return decoded;
}

Framed refuse(Refusal refusal) {
    Framed framed;
    framed.outcome = Outcome::refused;
    framed.refusal = refusal;
    return framed;
}

} // namespace

Framed frame(std::string_view input, Limits const &limits) {
    std::size_t start = 0; // behind a body, some clients send a line end that belongs to nothing
    while (input.substr(start, 2) == "\r\n")
        start += 2;
    std::string_view const rest = input.substr(start);
    // Speakers of TLS and the like are told at once.
    if (!rest.empty() && !is_token(rest.front()) && rest != "\r")
        return refuse(malformed("This is not HTTP."));

    std::size_t const end = rest.substr(0, limits.head_bytes).find("\r\n\r\n");
    if (end == std::string_view::npos) {
        if (input.size() >= limits.head_bytes)
            return refuse({431, "STW05", "The head of the request is too long."});
        return {};
    }

    Headers headers;
    bool is_1_1 = false;
    if (Check refused = read_head(rest.substr(0, end + 2), limits, headers, is_1_1))
        return refuse(*refused);
    if (Check refused = check_body(headers, limits, is_1_1))
        return refuse(*refused);

    Framed framed;
    std::size_t const body = static_cast<std::size_t>(headers.length.value_or(0));
    framed.size = start + end + 4 + body;
    framed.wants_continue = headers.wants_continue && is_1_1;
    if (input.size() < framed.size)
        return framed;
    framed.outcome = Outcome::complete;
    framed.request = headers.request;
    framed.request.body = rest.substr(end + 4, body);
    framed.request.keep_alive = !headers.wants_close && (is_1_1 || headers.wants_keep_alive);
    return framed;
}

bool is_request_id(std::string_view text) {
    auto const allowed = [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; };
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), allowed);
}

std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}

std::optional<std::string> path_segment_decoded(std::string_view text) {
    return percent_decoded(text, '+');
}

std::string_view query_of(std::string_view target) {
    return target.substr(std::min(path_of(target).size() + 1, target.size()));
}

std::vector<std::pair<std::string, std::string>> query_pairs(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> pairs;
    while (!query.empty()) {
        std::size_t const end = std::min(query.find('&'), query.size());
        std::string_view const pair = query.substr(0, end);
        std::size_t const equals = std::min(pair.find('='), pair.size());
        if (auto name = percent_decoded(pair.substr(0, equals)); name && !pair.empty())
            pairs.emplace_back(std::move(*name),
                               percent_decoded(pair.substr(std::min(equals + 1, pair.size()))).value_or(""));
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return pairs;
}

std::vector<std::string> query_values(std::string_view target, std::string_view name) {
    std::vector<std::string> values;
    for (auto &[key, value] : query_pairs(query_of(target)))
        if (key == name)
            values.push_back(std::move(value));
    return values;
}

std::string_view cookie_value(std::string_view cookies, std::string_view name) {
    while (!cookies.empty()) {
        std::size_t const end = std::min(cookies.find(';'), cookies.size());
        std::string_view const cookie = trim(cookies.substr(0, end));
        if (cookie.size() > name.size() && cookie.substr(0, name.size()) == name &&
            cookie[name.size()] == '=')
            return cookie.substr(name.size() + 1);
        cookies.remove_prefix(std::min(end + 1, cookies.size()));
    }
    return {};
}

} // namespace steward::sidecar::http
