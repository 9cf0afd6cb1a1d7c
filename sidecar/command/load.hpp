// `steward load`: asks a server as many users would, and says how it fared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/load/plan.hpp"
#include "sidecar/load/report.hpp"

namespace steward::sidecar::command {

/// What is not said is as the preset has it.
struct LoadOptions {
    std::string preset;
    std::optional<int> users;
    std::optional<double> duration;
    std::optional<double> ramp_up;
    std::string think; // "1..5"
    std::optional<int> requests_per_user;
    std::optional<double> rate;
    std::optional<double> timeout;
    std::optional<std::uint64_t> seed;
    std::vector<std::string> routes;
    std::string url = "http://127.0.0.1:8001";
    std::string token;
    std::string format = "text";
    load::Limits limits;
    bool stores = false;
    std::string database;
};

/// 0; 1 if a limit was missed. What keeps it from running is thrown.
int load(LoadOptions options);

} // namespace steward::sidecar::command
