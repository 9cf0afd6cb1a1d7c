// Who asks, and with which rights.
#pragma once

#include <string>

#include "sidecar/api/endpoint.hpp"

namespace steward::sidecar::auth {

struct Identity {
    api::Level level = api::Level::reader;
    std::string role;     // of the database; empty: that of the program itself
    std::string token_id; // empty: nobody in particular
    std::string label;
    std::string expires_at; // as JSON has it
    long seconds_left = 0;
    std::string csrf_token; // what writing requests repeat that come by cookie

    /// What answers depend on.
    std::string who() const { return token_id.empty() ? role : role + " " + token_id; }
};

} // namespace steward::sidecar::auth
