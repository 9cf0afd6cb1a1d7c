// What may be asked for: a method, a path with what is drawn anew for each request, a body. Depends on
// nothing.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace steward::sidecar::load {

struct Route {
    double weight = 1;
    std::string method = "GET";
    std::string path;
    std::string body;

    std::string name() const { return method + " " + path; }
};

/// "[WEIGHT] [METHOD] PATH [BODY]", such as "3 GET /api/v1/jobs?limit=5".
std::optional<Route> parse_route(std::string_view text);

/// The text with a number drawn for each {1-100}.
std::string drawn(std::string_view text, std::mt19937_64 &random);

/// Which of them is next, by their weights.
class Draw {
  public:
    Draw(std::vector<Route> const &routes, std::uint64_t seed);
    std::size_t next() { return which_(random_); }
    std::mt19937_64 &random() { return random_; }

  private:
    std::mt19937_64 random_;
    std::discrete_distribution<std::size_t> which_;
};

} // namespace steward::sidecar::load
