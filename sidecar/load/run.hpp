// A load run: sends what is due, and counts what comes back.
#pragma once

#include <string>
#include <vector>

#include "sidecar/load/client.hpp"
#include "sidecar/load/plan.hpp"
#include "sidecar/load/route.hpp"
#include "sidecar/load/schedule.hpp"
#include "sidecar/load/statistics.hpp"

namespace steward::sidecar::load {

struct Outcome {
    Observed observed;
    std::vector<Tally> routes; // as the routes
    Tally all;
    double seconds = 0;     // from the first request to the last end of one
    int most_under_way = 0; // requests
    double most_late = 0;   // with a rate: how long a request waited for its turn
    int cut_off = 0;        // requests that were under way when somebody ended the run
    bool is_interrupted = false;
};

/// Runs until the plan is over, or `stop` is readable; it takes at most the duration and twice the time limit
/// of a request.
Outcome run(Plan const &plan, std::vector<Route> const &routes, std::string const &url, Client &client,
            int stop);

} // namespace steward::sidecar::load
