// Which identity a token stands for, as the database says; remembered for a moment.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sidecar/auth/identity.hpp"
#include "sidecar/base/clock.hpp"
#include "sidecar/db/session.hpp"

namespace steward::sidecar::auth {

struct NewToken {
    std::string id;   // no secret
    std::string text; // what its holder keeps
    std::string hash; // what the database keeps
};

NewToken make_token();

/// The part that is no secret; nothing if the text is no token at all.
std::optional<std::string> id_of_token(std::string_view text);

class Tokens {
  public:
    /// `role` may read the table of tokens; empty: that of the program itself.
    explicit Tokens(std::string role) : role_(std::move(role)) {}

    /// As known a moment ago; a token that is revoked stops within that moment. With `however_old`, also as
    /// known before the database went away.
    std::optional<Identity> remembered(std::string_view token, bool however_old = false);

    /// Asks the database. Nothing: there is no such token, or it is good no more. Throws db::Error.
    std::optional<Identity> look_up(std::string_view token, db::Session &session);

    std::string const &role() const { return role_; }

  private:
    struct Known {
        Identity identity;
        Clock::time_point until;    // then the database is asked again
        Clock::time_point good_for; // then it has expired
    };

    std::string const role_;
    std::mutex mutex_;
    std::unordered_map<std::string, Known> known_; // by hash
};

} // namespace steward::sidecar::auth
