// The log: one JSON object a line on standard error, each written in one piece.
#pragma once

#include <string_view>

#include "sidecar/base/json.hpp"

namespace steward::sidecar {

enum class Level { debug, info, warning, error };

/// Lines below this level are dropped. Called once, before there are threads.
void set_log_level(Level level);

bool is_logged(Level level);

/// `members` are added behind time, level and message.
void log(Level level, std::string_view message, JsonObject members = {});

} // namespace steward::sidecar
