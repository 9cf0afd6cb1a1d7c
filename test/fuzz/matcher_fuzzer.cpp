// Matcher and LongestMatches against a search that tries each phrase at each place.
//
// Input: an option digit, phrases with semicolons between, a line feed, the text. Options: 1 whole words
// (else substrings), 2 single-byte text (else UTF-8).
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/text/longest.hpp"
#include "core/text/matcher.hpp"
#include "test/fuzz/input.hpp"
#include "test/oracle/phrases.hpp"

namespace steward::fuzz {
namespace {

using Phrases = std::vector<std::string_view>;

// The naive search takes time by phrases x text.
constexpr std::size_t most_phrases = 24;
constexpr std::size_t longest_text = 1024;

Phrases phrases_in(std::string_view list) {
    Phrases phrases;
    while (phrases.size() < most_phrases) {
        std::size_t const end = list.find(';');
        phrases.push_back(list.substr(0, end));
        if (end == std::string_view::npos)
            break;
        list.remove_prefix(end + 1);
    }
    return phrases;
}

/// Nothing if the list was refused; whether it is, is part of the comparison.
std::optional<core::Matcher> build(const Phrases &phrases, core::Occurrence occurrence) {
    bool const good = oracle::is_good_list(phrases, occurrence);
    try {
        core::Matcher matcher(phrases, occurrence);
        require(good, "a bad list was accepted");
        return matcher;
    } catch (const core::Error &error) {
        require(!good, "a good list was refused");
        require(error.kind() == core::ErrorKind::invalid_argument, "a refusal is an invalid argument");
        return std::nullopt;
    }
}

void compare(const Phrases &phrases, std::string_view text, core::Encoding encoding,
             core::Occurrence occurrence) {
    auto const matcher = build(phrases, occurrence);
    if (!matcher)
        return;
    std::vector<core::Match> found;
    std::vector<core::Match> kept;
    // Batches as large as the text: that smaller ones are large enough is a promise of the lexicons.
    core::LongestMatches longest([&](const core::Match &match) { kept.push_back(match); }, longest_text);
    matcher->scan(text, encoding, core::Stop{}, [&](const core::Match &match) {
        found.push_back(match);
        longest.add(match);
    });
    longest.finish();
    auto const expected = oracle::find_phrases(phrases, text, encoding, occurrence);
    require(oracle::triples(found) == oracle::triples(expected), "matches differ");
    require(oracle::triples(kept) == oracle::triples(oracle::leftmost_longest(expected)),
            "leftmost-longest readings differ");
}

} // namespace
} // namespace steward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    namespace fuzz = steward::fuzz;
    namespace core = steward::core;
    fuzz::Input const input = fuzz::split(data, size);
    auto const occurrence =
        (input.options & 1U) != 0 ? core::Occurrence::whole_words : core::Occurrence::substring;
    auto const encoding = (input.options & 2U) != 0 ? core::Encoding::single_byte : core::Encoding::utf8;
    fuzz::compare(fuzz::phrases_in(input.before), input.behind.substr(0, fuzz::longest_text), encoding,
                  occurrence);
    return 0;
}
