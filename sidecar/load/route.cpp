#include "sidecar/load/route.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace steward::sidecar::load {
namespace {

constexpr double most_weight = 1000000;

/// What stands in front of the next blank, which is taken away with it.
std::string_view take_word(std::string_view &text) {
    std::size_t const begin = std::min(text.find_first_not_of(' '), text.size());
    std::size_t const end = std::min(text.find(' ', begin), text.size());
    std::string_view const word = text.substr(begin, end - begin);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

bool is_method(std::string_view word) {
    return word == "GET" || word == "POST" || word == "PUT" || word == "PATCH" || word == "DELETE" ||
           word == "HEAD";
}

struct Range {
    std::int64_t least = 0;
    std::int64_t most = 0;
    std::size_t length = 0;
};

/// What stands behind an opening brace, if it is "1-100}".
std::optional<Range> parse_range(std::string_view text) {
    Range range;
    char const *const begin = text.data();
    char const *const end = begin + text.size();
    auto const [dash, first_error] = std::from_chars(begin, end, range.least);
    if (first_error != std::errc() || dash == end || *dash != '-')
        return std::nullopt;
    auto const [brace, second_error] = std::from_chars(dash + 1, end, range.most);
    if (second_error != std::errc() || brace == end || *brace != '}' || range.most < range.least)
        return std::nullopt;
    range.length = static_cast<std::size_t>(brace + 1 - begin);
    return range;
}

} // namespace

std::optional<Route> parse_route(std::string_view text) {
    Route route;
    std::string_view word = take_word(text);
    double weight = 0;
    if (auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), weight);
        error == std::errc() && end == word.data() + word.size()) {
        if (!(weight > 0 && weight <= most_weight))
            return std::nullopt;
        route.weight = weight;
        word = take_word(text);
    }
    if (is_method(word)) {
        route.method = word;
        word = take_word(text);
    }
    if (word.empty() || word.front() != '/')
        return std::nullopt;
    route.path = word;
    route.body = text.substr(std::min(text.find_first_not_of(' '), text.size()));
    return route;
}

std::string drawn(std::string_view text, std::mt19937_64 &random) {
    std::string result;
    for (;;) {
        std::size_t const brace = text.find('{');
        result += text.substr(0, brace);
        if (brace == std::string_view::npos)
            return result;
        text.remove_prefix(brace + 1);
        if (auto const range = parse_range(text)) {
            result += std::to_string(
                std::uniform_int_distribution<std::int64_t>(range->least, range->most)(random));
            text.remove_prefix(range->length);
        } else {
            result += '{';
        }
    }
}

Draw::Draw(std::vector<Route> const &routes, std::uint64_t seed) : random_(seed) {
    std::vector<double> weights;
    weights.reserve(routes.size());
    for (Route const &route : routes)
        weights.push_back(route.weight);
    which_ = {weights.begin(), weights.end()};
}

} // namespace steward::sidecar::load
