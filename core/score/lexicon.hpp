// Lists of phrases that make a statement vague, in weighted classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/text/matcher.hpp"

namespace steward::core {

/// Phrases that are vague for the same reason.
struct LexiconClass {
    std::string_view name;
    double weight;                  ///< what one occurrence adds, 0..1
    std::string_view reference;     ///< where the class and its phrases come from
    std::string_view weight_source; ///< where the weight comes from
    std::span<const std::string_view> phrases;
};

/// How occurrences become a score.
enum class AmbiguityFormula {
    noisy_or,     ///< whole words, longest phrase first; see ambiguity.hpp
    capped_count, ///< substrings, distinct phrases; see ambiguity.hpp
};

/// A lexicon as it is written down.
struct LexiconDefinition {
    std::string_view name;
    std::string_view version; ///< changes with every change of a phrase, a weight or the formula
    AmbiguityFormula formula;
    std::span<const LexiconClass> classes;
};

/// A lexicon ready to be matched.
class Lexicon {
  public:
    /// `stop` is called often enough while the phrases are compiled.
    explicit Lexicon(const LexiconDefinition &definition, Stop stop = Stop{});

    const LexiconDefinition &definition() const noexcept { return *definition_; }
    const Matcher &matcher() const noexcept { return matcher_; }
    std::size_t class_of(std::uint32_t phrase) const noexcept { return class_of_[phrase]; }
    std::string_view phrase(std::uint32_t phrase) const noexcept { return phrases_[phrase]; }

  private:
    const LexiconDefinition *definition_;
    std::vector<std::string_view> phrases_;
    std::vector<std::uint8_t> class_of_; ///< of each phrase
    Matcher matcher_;
};

/// The built-in lexicons as they are written down: 'iso' and 'acgs'.
std::span<const LexiconDefinition *const> built_in_lexicons() noexcept;

/// The built-in lexicon of that name, or null if there is none; compiled on first use and kept.
const Lexicon *find_built_in_lexicon(std::string_view name);

/// The built-in lexicon of that name, compiled on first use and kept for the life of the process.
/// Throws Error(undefined_name) if there is none.
const Lexicon &find_lexicon(std::string_view name);

/// find_lexicon("iso"), without the look-up.
const Lexicon &default_lexicon();

extern const LexiconDefinition iso_lexicon;
extern const LexiconDefinition acgs_lexicon;

} // namespace steward::core
