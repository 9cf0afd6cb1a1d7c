#include "core/score/site_lexicon.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/score/ambiguity.hpp"

namespace steward::core {
namespace {

double score(std::string_view text, const SiteLexicon &site) {
    return ambiguity(text, site.lexicon(), Encoding::utf8);
}

TEST(SiteLexicon, ScoresAsABuiltInOneOfTheSamePhrases) {
    std::vector<SitePhrase> phrases;
    for (const LexiconClass &group : iso_lexicon.classes)
        for (std::string_view const phrase : group.phrases)
            phrases.push_back({std::string(group.name), group.weight, std::string(phrase), ""});
    SiteLexicon const copy("copy", "copy-1", phrases);
    for (std::string_view const text :
         {"", "clear", "It may be appropriate.", "should should should should", "as much as possible, etc."})
        EXPECT_EQ(score(text, copy), ambiguity(text, default_lexicon(), Encoding::utf8)) << text;
}

TEST(SiteLexicon, OwnsWhatItWasMadeFrom) {
    auto const made = [] {
        std::string const name = "a name that is too long to be kept inside a string object";
        return std::make_unique<SiteLexicon>(
            name, name + "-1", std::vector<SitePhrase>{{"jargon", 0.5, "best effort", "somewhere"}});
    }();
    EXPECT_EQ(made->lexicon().definition().name.size(), 57U);
    EXPECT_EQ(made->lexicon().definition().classes.front().reference, "somewhere");
    EXPECT_EQ(score("on a best  effort basis", *made), 0.5);
}

TEST(SiteLexicon, PhrasesOfAClassThatWeighTheSameCountThreeTimesTogether) {
    SiteLexicon const site("s", "s-1",
                           {{"c", 0.5, "one", ""}, {"c", 0.5, "two", ""}, {"c", 0.75, "three", ""}});
    EXPECT_EQ(site.lexicon().definition().classes.size(), 2U);
    EXPECT_DOUBLE_EQ(score("one two one two", site), 1 - 0.5 * 0.5 * 0.5);
    EXPECT_DOUBLE_EQ(score("one three", site), 1 - 0.5 * 0.25);
}

TEST(SiteLexicon, WithoutPhrasesFindsNothing) {
    EXPECT_EQ(score("anything", SiteLexicon("empty", "empty-1", {})), 0.0);
}

TEST(SiteLexicon, RefusesWhatCanNotBeMatchedOrWeighed) {
    auto const make = [](SitePhrase phrase) { SiteLexicon const site("s", "s-1", {std::move(phrase)}); };
    EXPECT_THROW(make({"c", 0.5, "", ""}), Error);
    EXPECT_THROW(make({"c", 0.5, " x", ""}), Error);
    for (double const weight : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()})
        EXPECT_THROW(make({"c", weight, "x", ""}), Error);
    std::vector<SitePhrase> many;
    for (std::size_t i = 0; i <= most_site_phrases; ++i)
        many.push_back({"c", 0.5, "p" + std::to_string(i), ""});
    EXPECT_THROW(SiteLexicon("s", "s-1", many), Error);
    EXPECT_THROW(SiteLexicon("s", "s-1", {{"c", 0.5, std::string(most_site_bytes + 1, 'x'), ""}}), Error);
    many.clear();
    for (std::size_t i = 0; i <= most_site_classes; ++i)
        many.push_back({"c" + std::to_string(i), 0.5, "p" + std::to_string(i), ""});
    EXPECT_THROW(SiteLexicon("s", "s-1", many), Error);
    many.pop_back();
    EXPECT_DOUBLE_EQ(score("p255", SiteLexicon("s", "s-1", many)), 0.5);
}

TEST(SiteLexicon, CanBeStoppedWhileItIsCompiled) {
    struct Stopped {};
    static int calls = 0;
    calls = 0;
    std::vector<SitePhrase> const phrases{{"c", 0.5, std::string(most_site_bytes, 'x'), ""}};
    SiteLexicon const whole("s", "s-1", phrases, Stop{[] { ++calls; }});
    EXPECT_GT(calls, static_cast<int>(most_site_bytes));
    calls = 0;
    auto const stop_soon = Stop{[] {
        if (++calls == 1000)
            throw Stopped{};
    }};
    EXPECT_THROW(SiteLexicon("s", "s-1", phrases, stop_soon), Stopped);
}

} // namespace
} // namespace steward::core
