#include "core/semantic/pair_score.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/semantic/add_scaled.hpp"
#include "core/semantic/rarity.hpp"
#include "core/semantic/sort_stopping.hpp"
#include "core/semantic/words.hpp"
#include "core/vector/kernels.hpp"

namespace steward::core {

namespace {

constexpr std::size_t most_aligned = 500;
constexpr double likeness_of_stems = 0.95;

void stop_at(std::size_t i, Stop stop) {
    if (i % words_per_stop == 0)
        stop();
}

/// A different word of a text.
struct Term {
    std::string_view word;
    std::string_view stem;
    double rarity;
    double times;
    const float *vector; ///< without what is common; null if it has none
    float length;        ///< of that
};

/// A text taken apart. Stays where it was made: terms are parts of its words.
struct Side {
    explicit Side(Words of) : words(std::move(of)) {}
    Side(const Side &) = delete;
    Side &operator=(const Side &) = delete;

    Words words;
    std::vector<Term> terms;   ///< in the order of their stems
    std::vector<float> values; ///< of terms
    std::vector<float> mean;   ///< of all words
};

/// What a word counts in a mean: next to nothing if it is common.
double weight_in_mean(double rarity) noexcept {
    constexpr double a = 1e-4;
    constexpr double zipf = 1.4;
    return a / (a + std::exp(-zipf * rarity));
}

void collect_terms(Side &side, Stop stop) {
    for (std::size_t i = 0; i < side.words.size(); ++i) {
        stop_at(i, stop);
        side.terms.push_back({side.words[i], stem_of(side.words[i]), 0, 1, nullptr, 0});
    }
    auto const less = [](const Term &a, const Term &b) {
        return a.stem != b.stem ? a.stem < b.stem : a.word < b.word;
    };
    sort_stopping(side.terms, less, stop);
    std::size_t kept = 0;
    for (const Term &term : side.terms) {
        if (kept > 0 && side.terms[kept - 1].word == term.word)
            side.terms[kept - 1].times += 1;
        else
            side.terms[kept++] = term;
    }
    side.terms.resize(kept);
}

void look_up(Side &side, const WordVectors &vectors, Stop stop) {
    std::size_t const dimensions = vectors.dimensions();
    side.values.resize(side.terms.size() * dimensions);
    side.mean.assign(dimensions, 0);
    for (std::size_t i = 0; i < side.terms.size(); ++i) {
        stop_at(i, stop);
        Term &term = side.terms[i];
        auto const place = vectors.find(term.word);
        term.rarity = vectors.rarity(term.word, place);
        if (!place)
            continue;
        float *const vector = side.values.data() + i * dimensions;
        vectors.read(*place, vector);
        vectors.centre(vector);
        float const length = std::sqrt(kernels().dot(vector, vector, dimensions));
        if (!(length > 0) || !std::isfinite(length))
            continue;
        auto const weight = static_cast<float>(term.times * weight_in_mean(term.rarity));
        add_scaled(side.mean.data(), vector, weight, dimensions);
        term.length = length;
        term.vector = vector;
    }
}

void take_apart(Side &side, const WordVectors *vectors, Stop stop) {
    collect_terms(side, stop);
    if (vectors != nullptr)
        look_up(side, *vectors, stop);
    else
        for (std::size_t i = 0; i < side.terms.size(); ++i) {
            stop_at(i, stop);
            side.terms[i].rarity = static_cast<double>(word_rarity(side.terms[i].word)) / rarity_unit;
        }
}

/// Calls `each` with the weight of every stem; of several words with one stem the last counts.
template <class Each> void each_stem(const std::vector<Term> &terms, Each each) {
    for (std::size_t i = 0; i < terms.size(); ++i)
        if (i + 1 == terms.size() || terms[i + 1].stem != terms[i].stem)
            each(terms[i].stem, terms[i].rarity);
}

double cosine_of_words(const Side &a, const Side &b) {
    std::vector<std::pair<std::string_view, double>> stems;
    double squares_a = 0;
    double squares_b = 0;
    double common = 0;
    each_stem(a.terms, [&](std::string_view stem, double rarity) {
        stems.emplace_back(stem, rarity);
        squares_a += rarity * rarity;
    });
    auto other = stems.begin();
    each_stem(b.terms, [&](std::string_view stem, double rarity) {
        squares_b += rarity * rarity;
        while (other != stems.end() && other->first < stem)
            ++other;
        if (other != stems.end() && other->first == stem)
            common += other->second * rarity;
    });
    return common / std::sqrt(squares_a * squares_b);
}

std::vector<std::uint32_t> trigrams(std::string_view letters, Stop stop) {
    std::vector<std::uint32_t> all;
    auto const byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(letters[i])}; };
    for (std::size_t i = 0; i + 3 <= letters.size(); ++i)
        all.push_back(byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2));
    sort_stopping(all, std::ranges::less{}, stop);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

double jaccard_of_letters(const Side &a, const Side &b, Stop stop) {
    std::vector<std::uint32_t> const left = trigrams(a.words.joined(), stop);
    std::vector<std::uint32_t> const right = trigrams(b.words.joined(), stop);
    std::size_t common = 0;
    for (auto i = left.begin(), j = right.begin(); i != left.end() && j != right.end();) {
        if (*i == *j) {
            ++common;
            ++i;
            ++j;
        } else if (*i < *j) {
            ++i;
        } else {
            ++j;
        }
    }
    return static_cast<double>(common) / static_cast<double>(left.size() + right.size() - common);
}

double likeness(const Term &x, const Term &y, std::size_t dimensions) {
    if (x.stem == y.stem)
        return x.word == y.word ? 1 : likeness_of_stems;
    if (x.vector == nullptr || y.vector == nullptr)
        return 0;
    return kernels().dot(x.vector, y.vector, dimensions) / (x.length * y.length);
}

/// The terms that say most, if there are many.
std::vector<Term> aligned_terms(const Side &side) {
    std::vector<Term> terms = side.terms;
    if (terms.size() > most_aligned) {
        std::ranges::stable_sort(terms, std::ranges::greater{}, &Term::rarity);
        terms.resize(most_aligned);
    }
    return terms;
}

double mean_of_best(const std::vector<Term> &terms, const std::vector<double> &best) {
    double sum = 0;
    double weights = 0;
    for (std::size_t i = 0; i < terms.size(); ++i) {
        sum += best[i] * terms[i].rarity * terms[i].times;
        weights += terms[i].rarity * terms[i].times;
    }
    return sum / weights;
}

double f1_of_alignment(const Side &a, const Side &b, std::size_t dimensions, Stop stop) {
    std::vector<Term> const left = aligned_terms(a);
    std::vector<Term> const right = aligned_terms(b);
    std::vector<double> best_left(left.size(), -1);
    std::vector<double> best_right(right.size(), -1);
    for (std::size_t i = 0; i < left.size(); ++i) {
        stop();
        for (std::size_t j = 0; j < right.size(); ++j) {
            double const like = likeness(left[i], right[j], dimensions);
            best_left[i] = std::max(best_left[i], like);
            best_right[j] = std::max(best_right[j], like);
        }
    }
    double const recall = mean_of_best(left, best_left);
    double const precision = mean_of_best(right, best_right);
    return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

double cosine_of_means(const Side &a, const Side &b) {
    std::size_t const dimensions = a.mean.size();
    double const lengths =
        std::sqrt(static_cast<double>(kernels().dot(a.mean.data(), a.mean.data(), dimensions)) *
                  static_cast<double>(kernels().dot(b.mean.data(), b.mean.data(), dimensions)));
    return lengths > 0 && std::isfinite(lengths)
               ? static_cast<double>(kernels().dot(a.mean.data(), b.mean.data(), dimensions)) / lengths
               : 0;
}

bool denies(const Words &words, Stop stop) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        stop_at(i, stop);
        if (is_negation(words[i]))
            return true;
    }
    return false;
}

/// A number as it is compared: words for small ones as digits, without zeros that say nothing.
std::string number_in(std::string_view word) {
    constexpr std::array<std::string_view, 13> names{"zero", "one",    "two",   "three", "four",
                                                     "five", "six",    "seven", "eight", "nine",
                                                     "ten",  "eleven", "twelve"};
    if (auto const named = std::ranges::find(names, word); named != names.end())
        return std::to_string(named - names.begin());
    if (!is_number(word))
        return {};
    if (word.find('.') != std::string_view::npos) {
        while (word.ends_with('0'))
            word.remove_suffix(1);
        if (word.ends_with('.'))
            word.remove_suffix(1);
    }
    while (word.size() > 1 && word[0] == '0' && word[1] != '.')
        word.remove_prefix(1);
    return std::string(word);
}

std::vector<std::string> numbers_in(const Words &words, bool one_counts, Stop stop) {
    std::vector<std::string> numbers;
    for (std::size_t i = 0; i < words.size(); ++i) {
        stop_at(i, stop);
        if (std::string number = number_in(words[i]); !number.empty() && (one_counts || words[i] != "one"))
            numbers.push_back(std::move(number));
    }
    sort_stopping(numbers, std::ranges::less{}, stop);
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
}

/// "One" is as often a pronoun: it counts where the other text has the number.
bool numbers_differ(const Words &a, const Words &b, Stop stop) {
    auto const has_digit = [stop](const Words &words) {
        return std::ranges::binary_search(numbers_in(words, false, stop), std::string("1"));
    };
    bool const one_counts = has_digit(a) || has_digit(b);
    return numbers_in(a, one_counts, stop) != numbers_in(b, one_counts, stop);
}

} // namespace

PairScore score_pair(std::string_view a, std::string_view b, Encoding encoding, const WordVectors *vectors,
                     Stop stop) {
    Side left(Words(a, encoding, stop));
    Side right(Words(b, encoding, stop));
    take_apart(left, vectors, stop);
    take_apart(right, vectors, stop);
    PairScore result{0,
                     {},
                     denies(left.words, stop) != denies(right.words, stop),
                     numbers_differ(left.words, right.words, stop)};
    if (left.words.empty() || right.words.empty()) {
        // Nothing but signs, or nothing at all.
        result.score = left.words.empty() && right.words.empty() && a == b ? 1 : 0;
        return result;
    }
    PairFeatures &parts = result.parts;
    parts.words = cosine_of_words(left, right);
    parts.letters = jaccard_of_letters(left, right, stop);
    double mean = (parts.words + parts.letters) / 2;
    if (vectors != nullptr) {
        parts.alignment = f1_of_alignment(left, right, vectors->dimensions(), stop);
        parts.meaning = cosine_of_means(left, right);
        mean = (parts.words + parts.letters + parts.alignment + parts.meaning) / 4;
    }
    result.score = std::clamp(mean, 0.0, 1.0);
    return result;
}

} // namespace steward::core
