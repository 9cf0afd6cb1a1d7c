#include "sidecar/metrics/open_metrics.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "sidecar/http/text.hpp"

namespace steward::sidecar::metrics {
namespace {

constexpr std::array<std::string_view, 4> units{"seconds", "bytes", "ratio", "hertz"};

std::string_view unit_of(std::string_view name) {
    std::size_t const last = name.rfind('_');
    std::string_view const word = last == std::string_view::npos ? "" : name.substr(last + 1);
    return std::find(units.begin(), units.end(), word) == units.end() ? "" : word;
}

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string_view take_word(std::string_view &line) {
    std::string_view const word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(word.size() + 1, line.size()));
    return word;
}

/// How much a range of Accept is wanted: 1 unless it says q.
double quality(std::string_view range) {
    while (!range.empty()) {
        std::size_t const end = std::min(range.find(';'), range.size());
        std::string_view const part = http::trim(range.substr(0, end));
        if (part.substr(0, 2) == "q=") {
            double value = 0;
            std::from_chars(part.data() + 2, part.data() + part.size(), value);
            return value;
        }
        range.remove_prefix(std::min(end + 1, range.size()));
    }
    return 1;
}

} // namespace

bool prefers_open_metrics(std::string_view accept) {
    double open = 0;
    double plain = 0;
    while (!accept.empty()) {
        std::size_t const end = std::min(accept.find(','), accept.size());
        std::string_view const range = accept.substr(0, end);
        std::string_view const type = http::trim(range.substr(0, range.find(';')));
        if (http::equal_ignoring_case(type, "application/openmetrics-text"))
            open = std::max(open, quality(range));
        else if (http::equal_ignoring_case(type, "text/plain"))
            plain = std::max(plain, quality(range));
        accept.remove_prefix(std::min(end + 1, accept.size()));
    }
    return open > 0 && open >= plain;
}

std::string open_metrics(std::string_view text) {
    std::string result;
    std::string_view help;
    while (!text.empty()) {
        std::string_view const line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        std::string_view rest = line;
        if (line.substr(0, 7) == "# HELP ") {
            help = line.substr(7);
            continue;
        }
        if (line.substr(0, 7) != "# TYPE ") {
            result.append(line).append("\n");
            continue;
        }
        rest.remove_prefix(7);
        std::string_view name = take_word(rest);
        std::string_view words = help;
        take_word(words);
        // The name of a counter is that of its samples without their suffix.
        if (rest == "counter" && ends_with(name, "_total"))
            name.remove_suffix(6);
        result.append("# TYPE ").append(name).append(" ").append(rest).append("\n");
        if (std::string_view const unit = unit_of(name); !unit.empty())
            result.append("# UNIT ").append(name).append(" ").append(unit).append("\n");
        result.append("# HELP ").append(name).append(" ").append(words).append("\n");
    }
    return result + "# EOF\n";
}

} // namespace steward::sidecar::metrics
