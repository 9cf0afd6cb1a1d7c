#include "core/score/lexicon.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "test/oracle/phrases.hpp"

namespace steward::core {
namespace {

TEST(Lexicon, TwoAreBuiltIn) {
    std::vector<std::string_view> names;
    for (const LexiconDefinition *definition : built_in_lexicons())
        names.push_back(definition->name);
    EXPECT_EQ(names, (std::vector<std::string_view>{"iso", "acgs"}));
}

TEST(Lexicon, EachIsFoundByItsName) {
    for (const LexiconDefinition *definition : built_in_lexicons())
        EXPECT_EQ(&find_lexicon(definition->name).definition(), definition);
}

TEST(Lexicon, IsoIsTheDefault) {
    EXPECT_EQ(&default_lexicon(), &find_lexicon("iso"));
}

TEST(Lexicon, IsCompiledOnce) {
    EXPECT_EQ(&find_lexicon("acgs"), &find_lexicon("acgs"));
}

TEST(Lexicon, UnknownNameIsAnErrorWithAHint) {
    for (std::string_view const name : {"", "ISO", "iso ", "nist"})
        try {
            find_lexicon(name);
            ADD_FAILURE() << "found: " << name;
        } catch (const Error &error) {
            EXPECT_EQ(error.kind(), ErrorKind::undefined_name);
            EXPECT_EQ(std::string(error.what()), "lexicon \"" + std::string(name) + "\" does not exist");
            for (const LexiconDefinition *definition : built_in_lexicons())
                EXPECT_NE(error.hint().find(definition->name), std::string::npos) << error.hint();
        }
}

TEST(Lexicon, IsoHoldsAtLeast180Phrases) {
    EXPECT_GE(find_lexicon("iso").matcher().phrase_count(), 180U);
}

TEST(Lexicon, AcgsHoldsItsThirtyOnePhrasesInFourClasses) {
    const Lexicon &acgs = find_lexicon("acgs");
    EXPECT_EQ(acgs.matcher().phrase_count(), 31U);
    std::vector<std::size_t> sizes;
    std::vector<double> weights;
    for (const LexiconClass &group : acgs.definition().classes) {
        sizes.push_back(group.phrases.size());
        weights.push_back(group.weight);
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{10, 10, 6, 5}));
    EXPECT_EQ(weights, (std::vector<double>{0.3, 0.4, 0.2, 0.1}));
}

TEST(Lexicon, FormulaAndVersionBelongToTheName) {
    EXPECT_EQ(find_lexicon("iso").definition().formula, AmbiguityFormula::noisy_or);
    EXPECT_EQ(find_lexicon("acgs").definition().formula, AmbiguityFormula::capped_count);
    for (const LexiconDefinition *definition : built_in_lexicons())
        EXPECT_TRUE(definition->version.starts_with(std::string(definition->name) + "-"))
            << definition->version;
}

TEST(Lexicon, EveryClassHasANameOfItsOwnAndPhrases) {
    for (const LexiconDefinition *definition : built_in_lexicons()) {
        std::set<std::string_view> names;
        for (const LexiconClass &group : definition->classes) {
            EXPECT_FALSE(group.name.empty());
            EXPECT_TRUE(names.insert(group.name).second) << group.name;
            EXPECT_FALSE(group.phrases.empty()) << group.name;
        }
    }
}

TEST(Lexicon, EveryClassSaysWhereItAndItsWeightComeFrom) {
    for (const LexiconDefinition *definition : built_in_lexicons())
        for (const LexiconClass &group : definition->classes) {
            EXPECT_FALSE(group.reference.empty()) << group.name;
            EXPECT_FALSE(group.weight_source.empty()) << group.name;
        }
}

TEST(Lexicon, EveryWeightLiesBetweenZeroAndOne) {
    for (const LexiconDefinition *definition : built_in_lexicons())
        for (const LexiconClass &group : definition->classes) {
            EXPECT_GT(group.weight, 0.0) << group.name;
            EXPECT_LT(group.weight, 1.0) << group.name;
        }
}

TEST(Lexicon, NoPhraseStandsInTwoClasses) {
    for (const LexiconDefinition *definition : built_in_lexicons()) {
        std::map<std::string_view, std::string_view> class_of;
        for (const LexiconClass &group : definition->classes)
            for (std::string_view const phrase : group.phrases) {
                auto const [place, is_new] = class_of.emplace(phrase, group.name);
                EXPECT_TRUE(is_new) << phrase << " in " << place->second << " and " << group.name;
            }
    }
}

TEST(Lexicon, PhrasesAreLowerCaseAscii) {
    for (const LexiconDefinition *definition : built_in_lexicons())
        for (const LexiconClass &group : definition->classes)
            for (std::string_view const phrase : group.phrases) {
                EXPECT_EQ(oracle::fold(phrase), phrase);
                EXPECT_TRUE(std::all_of(phrase.begin(), phrase.end(), [](char c) {
                    return c >= ' ' && c <= '~';
                })) << phrase;
                EXPECT_TRUE(oracle::is_good_phrase(phrase, Occurrence::whole_words)) << phrase;
            }
}

TEST(Lexicon, NumbersPhrasesInTheOrderOfItsClasses) {
    for (const LexiconDefinition *definition : built_in_lexicons()) {
        const Lexicon &lexicon = find_lexicon(definition->name);
        std::uint32_t number = 0;
        for (std::size_t group = 0; group < definition->classes.size(); ++group)
            for (std::string_view const phrase : definition->classes[group].phrases) {
                EXPECT_EQ(lexicon.phrase(number), phrase);
                EXPECT_EQ(lexicon.class_of(number), group);
                ++number;
            }
        EXPECT_EQ(lexicon.matcher().phrase_count(), number);
    }
}

TEST(Lexicon, EveryPhraseIsFoundInATextOfItsOwn) {
    for (const LexiconDefinition *definition : built_in_lexicons()) {
        const Lexicon &lexicon = find_lexicon(definition->name);
        for (std::uint32_t i = 0; i < lexicon.matcher().phrase_count(); ++i) {
            bool found = false;
            lexicon.matcher().scan(lexicon.phrase(i), Encoding::utf8, Stop{},
                                   [&](const Match &match) { found = found || match.phrase == i; });
            EXPECT_TRUE(found) << lexicon.phrase(i);
        }
    }
}

} // namespace
} // namespace steward::core
