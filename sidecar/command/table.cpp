#include "sidecar/command/table.hpp"

#include <algorithm>

namespace steward::sidecar::command {
namespace {

/// Characters, not bytes.
std::size_t width(std::string const &text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

} // namespace

std::string table(std::vector<Cells> const &lines) {
    std::vector<std::size_t> widths(lines.front().size());
    for (Cells const &line : lines)
        for (std::size_t column = 0; column < widths.size(); ++column)
            widths[column] = std::max(widths[column], width(line[column]));
    std::string text;
    for (Cells const &line : lines) {
        for (std::size_t column = 0; column < widths.size(); ++column)
            text += line[column] + std::string(widths[column] - width(line[column]) + 2, ' ');
        text.erase(text.find_last_not_of(' ') + 1);
        text += '\n';
    }
    return text;
}

} // namespace steward::sidecar::command
