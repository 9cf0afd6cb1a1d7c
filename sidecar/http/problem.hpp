// Errors as RFC 9457 describes them, and which status an error of the database has.
#pragma once

#include <string>
#include <string_view>

#include "sidecar/http/framing.hpp"

namespace steward::sidecar::http {

struct Problem {
    int status = 500;
    std::string code; // a SQLSTATE, or STW and two digits: docs/http.md lists them
    std::string detail;
    std::string hint;
    int retry_after = 0; // seconds; 0: repeating it as it is does not help
};

Problem problem_of(Refusal const &refusal);

/// Messages of the database are passed on where they are about the request; others stay in the log.
Problem problem_of_sqlstate(std::string_view sqlstate, std::string_view message, std::string_view hint);

/// The words that belong to a status.
char const *reason(int status);

/// application/problem+json
std::string problem_body(Problem const &problem, std::string_view request_id);

} // namespace steward::sidecar::http
