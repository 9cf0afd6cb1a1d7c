// A lexicon that a site wrote itself, as opposed to the built-in ones.
#pragma once

#include <string>
#include <vector>

#include "core/score/lexicon.hpp"

namespace steward::core {

/// A phrase as a site writes it down.
struct SitePhrase {
    std::string group; ///< the class that it belongs to
    double weight;     ///< what one occurrence adds, 0..1
    std::string phrase;
    std::string reference; ///< where it comes from; may be empty
};

/// How many phrases and classes one lexicon may have, and how many bytes all phrases together: the automaton
/// has at most a state a byte, and stays below some 40 MB a process.
inline constexpr std::size_t most_site_phrases = 10'000;
inline constexpr std::size_t most_site_bytes = 128 * 1024;
inline constexpr std::size_t most_site_classes = 256;

/// A noisy_or lexicon made from phrases at run time. It owns everything that its Lexicon points to.
/// Phrases of a class that weigh the same make one class of the formula.
class SiteLexicon {
  public:
    /// `phrases` come ordered by class, then weight. `version` names their content. Throws
    /// Error(invalid_argument) where Matcher does, on a weight outside 0..1, and on too much of anything.
    SiteLexicon(std::string name, std::string version, std::vector<SitePhrase> phrases, Stop stop = Stop{});
    SiteLexicon(const SiteLexicon &) = delete;
    SiteLexicon &operator=(const SiteLexicon &) = delete;

    const Lexicon &lexicon() const noexcept { return lexicon_; }

  private:
    static const LexiconDefinition &define(SiteLexicon &self);

    std::string name_;
    std::string version_;
    std::vector<SitePhrase> phrases_;
    std::vector<std::string_view> views_; ///< of phrases_, in their order
    std::vector<LexiconClass> classes_;
    LexiconDefinition definition_{};
    Lexicon lexicon_;
};

} // namespace steward::core
