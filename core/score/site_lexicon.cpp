#include "core/score/site_lexicon.hpp"

#include <string>

#include "core/error.hpp"

namespace steward::core {

namespace {

void check(const std::string &name, const std::vector<SitePhrase> &phrases) {
    std::size_t bytes = 0;
    if (phrases.size() > most_site_phrases)
        throw Error(ErrorKind::invalid_argument, "lexicon \"" + name + "\" has too many phrases",
                    "It has " + std::to_string(phrases.size()) + ".",
                    "A lexicon may have " + std::to_string(most_site_phrases) + ".");
    for (const SitePhrase &phrase : phrases) {
        bytes += phrase.phrase.size();
        if (!(phrase.weight >= 0.0 && phrase.weight <= 1.0)) // a NaN is refused too
            throw Error(ErrorKind::invalid_argument,
                        "the weight of phrase \"" + phrase.phrase + "\" must lie between 0 and 1");
    }
    if (bytes > most_site_bytes)
        throw Error(ErrorKind::invalid_argument, "the phrases of lexicon \"" + name + "\" are too long",
                    "Together they have " + std::to_string(bytes) + " bytes.",
                    "A lexicon may have " + std::to_string(most_site_bytes) + ".");
}

bool same_class(const SitePhrase &a, const SitePhrase &b) {
    return a.group == b.group && a.weight == b.weight;
}

} // namespace

SiteLexicon::SiteLexicon(std::string name, std::string version, std::vector<SitePhrase> phrases, Stop stop)
    : name_(std::move(name)), version_(std::move(version)), phrases_(std::move(phrases)),
      lexicon_(define(*this), stop) {
}

/// Fills everything before lexicon_, which is made from it.
const LexiconDefinition &SiteLexicon::define(SiteLexicon &self) {
    check(self.name_, self.phrases_);
    for (const SitePhrase &phrase : self.phrases_)
        self.views_.push_back(phrase.phrase);
    std::span<const std::string_view> const views = self.views_;
    for (std::size_t first = 0; first < views.size();) {
        std::size_t end = first + 1;
        while (end < views.size() && same_class(self.phrases_[first], self.phrases_[end]))
            ++end;
        const SitePhrase &head = self.phrases_[first];
        self.classes_.push_back(
            {head.group, head.weight, head.reference, "site", views.subspan(first, end - first)});
        first = end;
    }
    if (self.classes_.size() > most_site_classes)
        throw Error(ErrorKind::invalid_argument, "lexicon \"" + self.name_ + "\" has too many classes",
                    "Phrases of a class that weigh the same count as one.",
                    "A lexicon may have " + std::to_string(most_site_classes) + ".");
    self.definition_ = {self.name_, self.version_, AmbiguityFormula::noisy_or, self.classes_};
    return self.definition_;
}

} // namespace steward::core
