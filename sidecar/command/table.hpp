// Columns of text for people at a terminal.
#pragma once

#include <string>
#include <vector>

namespace steward::sidecar::command {

using Cells = std::vector<std::string>;

/// Lines with their columns below one another, each ended by a newline; the first one is that of the titles.
/// A line has as many cells as the first.
std::string table(std::vector<Cells> const &lines);

} // namespace steward::sidecar::command
