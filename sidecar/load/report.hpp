// What a load run came to, as text and as JSON.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/load/run.hpp"
#include "sidecar/load/usage.hpp"

namespace steward::sidecar::load {

/// What a run has to hold.
struct Limits {
    std::optional<double> p95;        // seconds, at most
    std::optional<double> errors;     // at most
    std::optional<double> throughput; // a second, at least
};

struct Report {
    Plan plan;
    std::string url;
    std::vector<Route> routes;
    std::vector<std::pair<std::string, std::string>> left_out;
    Outcome outcome;
    Usage own; // during the run; the memory is the most
    Samples before;
    Samples after;
};

/// Requests that were answered well, over the time that they took together.
double throughput(Report const &report);

struct Held {
    std::string name;
    double limit = 0;
    double value = 0;
    bool is_met = false;
};

std::vector<Held> hold(Report const &report, Limits const &limits);

std::string as_text(Report const &report, std::vector<Held> const &held);
std::string as_json(Report const &report, std::vector<Held> const &held);

} // namespace steward::sidecar::load
