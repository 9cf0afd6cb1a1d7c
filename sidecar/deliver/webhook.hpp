// Sends one request to an address that somebody has written into a table.
#pragma once

#include <string>
#include <vector>

#include "sidecar/deliver/address_range.hpp"

namespace steward::sidecar::deliver {

struct Outcome {
    int status = 0;    // of the answer; 0: there was none
    std::string error; // why
};

/// POSTs JSON. The address that the name stands for is looked at when it is connected to, so that the name
/// cannot stand for another by then: may_send_to() says which. No redirect is followed, no proxy used; it
/// takes five seconds and a megabyte of the answer at most, which nobody gets to see.
Outcome post(std::string const &url, std::string const &body, std::string const &secret,
             std::vector<Range> const &allowed);

/// What env:NAME, file:NAME or cred:NAME stands for: a variable that is none of libpq's, a file below
/// `folder` that nobody else may read, a credential of systemd. It is looked up each time, so a new one is
/// used at once. Throws std::runtime_error, without the value, if there is none.
std::string secret_of(std::string const &reference, std::string const &folder);

} // namespace steward::sidecar::deliver
