#include "core/score/lexicon.hpp"

#include <array>
#include <string>

#include "core/error.hpp"

namespace steward::core {

namespace {

constexpr std::array<const LexiconDefinition *, 2> built_in{&iso_lexicon, &acgs_lexicon};

std::vector<std::string_view> phrases_of(const LexiconDefinition &definition) {
    std::vector<std::string_view> all;
    for (const LexiconClass &group : definition.classes)
        all.insert(all.end(), group.phrases.begin(), group.phrases.end());
    return all;
}

Occurrence occurrence_of(AmbiguityFormula formula) noexcept {
    return formula == AmbiguityFormula::noisy_or ? Occurrence::whole_words : Occurrence::substring;
}

/// Kept by a pointer: it is never destroyed, so nothing runs when a process exits.
template <const LexiconDefinition &definition> const Lexicon &compiled() {
    static const Lexicon *const lexicon = new Lexicon(definition);
    return *lexicon;
}

} // namespace

Lexicon::Lexicon(const LexiconDefinition &definition, Stop stop)
    : definition_(&definition), phrases_(phrases_of(definition)),
      matcher_(phrases_, occurrence_of(definition.formula), stop) {
    for (std::size_t i = 0; i < definition.classes.size(); ++i)
        class_of_.insert(class_of_.end(), definition.classes[i].phrases.size(), static_cast<std::uint8_t>(i));
}

std::span<const LexiconDefinition *const> built_in_lexicons() noexcept {
    return built_in;
}

const Lexicon &default_lexicon() {
    return compiled<iso_lexicon>();
}

const Lexicon *find_built_in_lexicon(std::string_view name) {
    if (name == iso_lexicon.name)
        return &default_lexicon();
    if (name == acgs_lexicon.name)
        return &compiled<acgs_lexicon>();
    return nullptr;
}

const Lexicon &find_lexicon(std::string_view name) {
    if (const Lexicon *const found = find_built_in_lexicon(name))
        return *found;
    throw Error(ErrorKind::undefined_name, "lexicon \"" + std::string(name) + "\" does not exist", {},
                "The built-in lexicons are \"iso\" and \"acgs\".");
}

} // namespace steward::core
