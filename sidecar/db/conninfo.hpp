// What a connection string of libpq says.
#pragma once

#include <map>
#include <string>

namespace steward::sidecar::db {

/// The values that the string sets, by keyword. Throws std::runtime_error, without a word of the string, if
/// libpq does not understand it.
std::map<std::string, std::string> parse_conninfo(std::string const &conninfo);

/// Host, port, database and user: what a log may show.
std::string describe_conninfo(std::string const &conninfo);

} // namespace steward::sidecar::db
