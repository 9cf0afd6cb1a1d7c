// Decides whether a request may be answered, and with whose rights.
#pragma once

#include <string>
#include <string_view>

#include "sidecar/auth/attempts.hpp"
#include "sidecar/auth/identity.hpp"
#include "sidecar/auth/rates.hpp"
#include "sidecar/auth/tokens.hpp"
#include "sidecar/db/session.hpp"
#include "sidecar/http/framing.hpp"

namespace steward::sidecar::auth {

inline constexpr std::string_view cookie_name = "steward_session";

struct Wanted {
    api::Level level = api::Level::reader;
    bool writes = false;
    bool however_old = false; // what was known of the token before the database went away is good enough
};

class Gate {
  public:
    /// While it is off, whoever reads needs no token; whoever writes does. Each token, or address without
    /// one, may ask so often a second; 0: as often as it likes.
    Gate(bool is_on, int per_second)
        : is_on_(is_on), tokens_(is_on ? "steward_sidecar" : ""), rates_(per_second) {}

    bool is_on() const { return is_on_; }
    /// With which rights the program does what nobody in particular has asked for.
    std::string own_role(char const *role) const { return is_on_ ? role : ""; }

    /// Throws Failure: 401, 403 or 429.
    Identity admit(http::Request const &request, std::string const &address, Wanted wanted,
                   db::Session &session);

    /// Whom the token stands for. Throws Failure if nobody, or if the address has to wait.
    Identity check(std::string_view token, std::string const &address, bool however_old,
                   db::Session &session);

  private:
    void check_rate(Identity const &identity, std::string const &address);

    bool const is_on_;
    Tokens tokens_;
    Attempts attempts_;
    Rates rates_;
};

} // namespace steward::sidecar::auth
