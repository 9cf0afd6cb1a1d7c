#include "core/semantic/rarity.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/semantic/words.hpp"

namespace steward::core {

namespace {

/// The most common words of English, roughly in that order.
constexpr std::string_view common =
    "the of and to a in is that for it on was with as by at i he be from this are not have an or his "
    "they but you we which their has had were been will its one all who there her she if would what "
    "more when can so about no out up said do my into than them some could other your then only over "
    "new also any these two may first after such our like me just where most time him now people "
    "because how through very back between many even year years made did must should well much own "
    "while down before way too each those work here get make still both same being under last never "
    "us use used against during another without good know take go see come think say want look give "
    "find man men woman women day days might every again off however since few per within although "
    "though until among does done having upon often going part long little old right next three four "
    "five six seven eight nine ten great high small large number place world life hand house case "
    "week company system program question government night point home water room mother area money "
    "story fact month lot study book eye job word business issue side kind head service friend father "
    "power hour game line end members law car city community name president team minute idea kid body "
    "information parent face others level office door health person art war history party result "
    "change morning reason research girl guy moment air teacher force education boy playing play "
    "running put let keep begin began seem help show hear run move live believe hold bring happen "
    "write provide sit stand lose pay meet include continue set learn lead understand watch follow "
    "stop create speak read allow add spend grow open walk win offer remember love consider appear "
    "buy wait serve die send expect build stay fall cut reach kill remain suggest raise pass sell "
    "require report decide pull state states country national public different important political "
    "local social real best young big early late white black red blue green second several possible "
    "whole free full sure true able available common current street group says told according today "
    "yesterday near around above below across along already always away became become behind better "
    "called came cannot certain close enough ever far given later least left less making means "
    "nothing once perhaps quite rather really shall something sometimes soon taken thing things "
    "thought together toward took went whether whose why yet yes ";

constexpr std::size_t common_count = static_cast<std::size_t>(std::ranges::count(common, ' '));

/// The natural logarithm, for the compiler: by halving, and then the series of the area tangent.
constexpr double logarithm(double x) {
    constexpr double ln2 = 0.693147180559945309417;
    double whole = 0;
    for (; x > 1.5; x /= 2)
        whole += ln2;
    double const ratio = (x - 1) / (x + 1);
    double sum = 0;
    double power = ratio;
    for (int n = 1; n < 60; n += 2, power *= ratio * ratio)
        sum += power / n;
    return whole + 2 * sum;
}

constexpr double mandelbrot = 2.7;
constexpr double less = 0.5;
constexpr double least = 0.2;
constexpr std::int32_t rarity_of_number = 7 * rarity_unit;
constexpr std::int32_t rarity_of_letter = 5 * rarity_unit;

struct Counted {
    std::string_view word;
    std::int32_t rarity;
};

constexpr std::array<Counted, common_count> counted = [] {
    std::array<Counted, common_count> all{};
    std::size_t start = 0;
    for (std::size_t rank = 0; rank < common_count; ++rank) {
        std::size_t const end = common.find(' ', start);
        double const rarity = logarithm(static_cast<double>(rank) + mandelbrot) - less;
        auto const doubled = static_cast<std::int32_t>((rarity < least ? least : rarity) * rarity_unit * 2);
        all[rank] = {common.substr(start, end - start), (doubled + 1) / 2};
        start = end + 1;
    }
    std::ranges::sort(all, {}, &Counted::word);
    return all;
}();

static_assert(std::ranges::adjacent_find(counted, {}, &Counted::word) == counted.end(),
              "a word has two places");

} // namespace

double rarity_of_rank(double rank) noexcept {
    return std::max(least, std::log(rank + mandelbrot) - less);
}

std::int32_t word_rarity(std::string_view word, std::int32_t otherwise) noexcept {
    auto const found = std::ranges::lower_bound(counted, word, {}, &Counted::word);
    if (found != counted.end() && found->word == word)
        return found->rarity;
    if (is_number(word))
        return rarity_of_number;
    return word.size() == 1 ? rarity_of_letter : otherwise;
}

std::size_t common_words() noexcept {
    return common_count;
}

} // namespace steward::core
