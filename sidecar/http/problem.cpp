#include "sidecar/http/problem.hpp"

#include "sidecar/base/json.hpp"

namespace steward::sidecar::http {
namespace {

bool begins_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

} // namespace

Problem problem_of(Refusal const &refusal) {
    return {refusal.status, refusal.code, refusal.detail, "", 0};
}

Problem problem_of_sqlstate(std::string_view sqlstate, std::string_view message, std::string_view hint) {
    Problem problem;
    problem.code = sqlstate;
    problem.detail = message;
    problem.hint = hint;
    auto const hidden = [&](int status, char const *detail, int retry_after = 0) {
        problem.status = status;
        problem.detail = detail;
        problem.hint.clear();
        problem.retry_after = retry_after;
        return problem;
    };
    auto const shown = [&](int status, int retry_after = 0) {
        problem.status = status;
        problem.retry_after = retry_after;
        return problem;
    };
    if (begins_with(sqlstate, "08") || begins_with(sqlstate, "53") || begins_with(sqlstate, "57P0"))
        return hidden(503, "The database cannot be reached or has no room for more.", 1);
    if (sqlstate == "57014")
        return hidden(504, "The database did not finish in time.");
    if (sqlstate == "42501")
        return hidden(403, "The role of this service may not do that in the database; the log has more.");
    if (begins_with(sqlstate, "22") || sqlstate == "23502" || sqlstate == "23514" || sqlstate == "42704")
        return shown(400);
    if (sqlstate == "25006")
        return shown(405);
    if (sqlstate == "23503" || sqlstate == "23505")
        return shown(409);
    if (sqlstate == "40001" || sqlstate == "40P01")
        return shown(409, 1);
    if (sqlstate == "P0002")
        return shown(404);
    if (sqlstate == "55000")
        return shown(503, 5);
    // The extension, its schema or its tables are not there (yet), or locked by who makes them.
    if (sqlstate == "42883" || sqlstate == "3F000" || sqlstate == "42P01" || sqlstate == "55P03")
        return hidden(503, "The extension or its tables are not there, or locked.", 5);
    return hidden(500, "The request failed in the database; the log has the reason.");
}

char const *reason(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 304:
        return "Not Modified";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 417:
        return "Expectation Failed";
    case 431:
        return "Request Header Fields Too Large";
    case 429:
        return "Too Many Requests";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    default:
        return "Internal Server Error";
    }
}

std::string problem_body(Problem const &problem, std::string_view request_id) {
    JsonObject body;
    body.add("type", "about:blank")
        .add("title", reason(problem.status))
        .add("status", problem.status)
        .add("detail", problem.detail)
        .add("instance", "/requests/" + std::string(request_id))
        .add("code", problem.code);
    if (!problem.hint.empty())
        body.add("hint", problem.hint);
    body.add("request_id", request_id);
    return std::move(body).close() + "\n";
}

} // namespace steward::sidecar::http
