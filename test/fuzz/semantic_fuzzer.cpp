// Files of word vectors read in pieces, what is made of them, and scores of texts by it.
//
// Input: an option digit, one text, a line feed, the other text. Options: 1 all behind the digit is a file of
// vectors, read at once and a byte at a time; 2 it is the bytes of word vectors; else both texts are
// compared, 4 as single bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/semantic/hashed.hpp"
#include "core/semantic/overlap.hpp"
#include "core/semantic/pair_score.hpp"
#include "core/semantic/vectors_reader.hpp"
#include "core/semantic/word_vectors.hpp"
#include "core/semantic/words.hpp"
#include "test/fuzz/input.hpp"

namespace steward::fuzz {
namespace {

using Aligned = std::vector<std::uint32_t>;

/// Word vectors of any bytes, and what they say of two texts.
void use(std::string_view bytes, std::string_view a, std::string_view b) {
    Aligned stored((bytes.size() + 3) / 4 + 1);
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char *>(stored.data()));
    core::WordVectors vectors(std::as_bytes(std::span(stored)).first(bytes.size()));
    Aligned index(vectors.index_size() / 4);
    vectors.make_index(std::as_writable_bytes(std::span(index)));
    vectors.use_index(std::as_bytes(std::span(index)));
    double const score = core::score_pair(a, b, core::Encoding::utf8, &vectors).score;
    require(score >= 0 && score <= 1, "a score is no share");
    if (auto const embedded = vectors.embed(a, core::Encoding::utf8))
        require(embedded->size() == vectors.dimensions(), "a vector has another width");
}

/// What was read of a file, or that it was refused.
std::string read(std::string_view file, std::size_t piece, core::WordVectorsBuilder &builder) {
    std::string seen;
    core::VectorsReader reader([&](std::string_view word, std::span<const float> vector) {
        builder.add(word, vector);
        seen += std::string(word) + ' ' + std::to_string(vector.size()) + '\n';
        return !builder.is_full();
    });
    try {
        for (; !file.empty(); file.remove_prefix(std::min(piece, file.size())))
            if (!reader.feed(file.substr(0, piece)))
                break;
        reader.finish();
    } catch (const core::Error &error) {
        seen += error.what() + error.detail();
    }
    return seen;
}

void read_file(std::string_view file) {
    core::WordVectorsBuilder whole(20);
    core::WordVectorsBuilder pieces(20);
    require(read(file, file.size() + 1, whole) == read(file, 1, pieces), "pieces matter");
    if (whole.words() > 0)
        use(whole.finish(), file, "the cat");
}

/// The definition, in time and memory by the product.
std::size_t longest_sequence(const core::Words &a, const core::Words &b) {
    std::vector<std::vector<std::size_t>> longest(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 1; i <= a.size(); ++i)
        for (std::size_t j = 1; j <= b.size(); ++j)
            longest[i][j] = a[i - 1] == b[j - 1] ? longest[i - 1][j - 1] + 1
                                                 : std::max(longest[i - 1][j], longest[i][j - 1]);
    return longest[a.size()][b.size()];
}

void compare(std::string_view a, std::string_view b, core::Encoding encoding) {
    core::PairScore const score = core::score_pair(a, b, encoding, nullptr);
    require(score.score >= 0 && score.score <= 1, "a score is no share");
    core::PairScore const back = core::score_pair(b, a, encoding, nullptr);
    require(score.score - back.score < 1e-9 && back.score - score.score < 1e-9, "order matters");
    require(core::score_pair(a, a, encoding, nullptr).score > 0.999999, "a text is not like itself");
    core::Words const left(a, encoding);
    core::Words const right(b, encoding);
    if (!left.empty() && !right.empty())
        require(core::rouge_l(a, b, encoding).recall ==
                    static_cast<double>(longest_sequence(left, right)) / static_cast<double>(left.size()),
                "sequences differ");
    require(core::token_overlap(a, b, encoding).f1 == core::token_overlap(b, a, encoding).f1,
            "overlaps differ");
    require(core::hashed_vector(a, encoding).has_value() == !left.empty(), "a text of words has no vector");
}

} // namespace
} // namespace steward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    namespace fuzz = steward::fuzz;
    namespace core = steward::core;
    fuzz::Input const input = fuzz::split(data, size);
    std::string_view const all(reinterpret_cast<const char *>(data) + (size > 0 ? 1 : 0),
                               size > 0 ? size - 1 : 0);
    if ((input.options & 1U) != 0) {
        fuzz::read_file(all);
    } else if ((input.options & 2U) != 0) {
        try {
            fuzz::use(all, "the cat", "a dog");
        } catch (const core::Error &) {
            return 0; // refused
        }
    } else {
        fuzz::compare(input.before, input.behind,
                      (input.options & 4U) != 0 ? core::Encoding::single_byte : core::Encoding::utf8);
    }
    return 0;
}
