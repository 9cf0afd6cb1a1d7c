// How handlers answer, and how they fail.
#pragma once

#include <stdexcept>
#include <string>

#include <httplib.h>

#include "sidecar/http/problem.hpp"

namespace steward::sidecar::api {

/// Ends a handler with an error for the client.
class Failure : public std::runtime_error {
  public:
    explicit Failure(http::Problem problem)
        : std::runtime_error(problem.detail), problem_(std::move(problem)) {}

    http::Problem const &problem() const { return problem_; }

  private:
    http::Problem problem_;
};

inline Failure bad_request(std::string detail, std::string hint = "") {
    return Failure({400, "STW20", std::move(detail), std::move(hint), 0});
}

/// Makes the answer a problem.
void set_problem(httplib::Response &response, http::Problem const &problem, std::string const &request_id);

/// The answer for whatever is being thrown at the moment. Called in a catch block.
http::Problem current_problem(std::string const &request_id);

} // namespace steward::sidecar::api
