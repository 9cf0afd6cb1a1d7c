#include "sidecar/metrics/text_format.hpp"

#include <charconv>
#include <cmath>

namespace steward::sidecar::metrics {
namespace {

void add_escaped(std::string &text, std::string_view value) {
    for (char const c : value) {
        if (c == '\\' || c == '"')
            text += '\\';
        if (c == '\n')
            text += "\\n";
        else
            text += c;
    }
}

} // namespace

void add_head(std::string &text, std::string_view name, std::string_view type, std::string_view help) {
    text.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

std::string number(double value) {
    if (std::isnan(value))
        return "NaN";
    if (std::isinf(value))
        return value > 0 ? "+Inf" : "-Inf";
    char digits[64];
    bool const is_handy = value == 0 || (std::abs(value) >= 1e-7 && std::abs(value) < 1e15);
    auto const format = is_handy ? std::chars_format::fixed : std::chars_format::general;
    auto const [end, error] = std::to_chars(digits, digits + sizeof digits, value, format);
    return {digits, end};
}

void add_sample(std::string &text, std::string_view name, Labels const &labels, double value) {
    text += name;
    char separator = '{';
    for (auto const &[label, content] : labels) {
        text += separator;
        text.append(label).append("=\"");
        add_escaped(text, content);
        text += '"';
        separator = ',';
    }
    if (separator == ',')
        text += '}';
    text += ' ';
    text += number(value);
    text += '\n';
}

} // namespace steward::sidecar::metrics
