// Vectors of words in 8 bits a dimension, as one piece of memory that any process can read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/stop.hpp"
#include "core/text/character.hpp"

namespace steward::core {

/// A number of bytes that are to be read as numbers: of the alignment of new and of shared memory.
using Bytes = std::span<const std::byte>;

/// A view of vectors of words: of the bytes that WordVectorsBuilder made, which are stored, and of an index
/// of the words, which is made when they are loaded.
///
/// Bytes: 8 that say what it is; dimensions, words, bytes of letters, axes (uint32 each, little-endian, as
/// are all numbers); 8 bytes of zero; the mean of all vectors, the axes (float); the scale of each word
/// (float); the length of each word (uint8); their letters; 8 bits a dimension of each word.
class WordVectors {
  public:
    /// Throws Error(invalid_argument) if the bytes are none of ours; what they say is not trusted.
    explicit WordVectors(Bytes stored);

    /// The size of the index, and the index, whose memory must be so large and aligned for uint32.
    std::size_t index_size() const noexcept;
    void make_index(std::span<std::byte> index, Stop stop = Stop{}) const;

    /// Uses an index that was made for these bytes.
    void use_index(Bytes index) noexcept;

    std::size_t dimensions() const noexcept { return dimensions_; }
    std::size_t words() const noexcept { return words_; }

    /// The place of a word in lower case, which is its rank; needs the index.
    std::optional<std::uint32_t> find(std::string_view word) const noexcept;

    /// Writes the vector of the word at that place.
    void read(std::uint32_t place, float *vector) const noexcept;

    /// Takes away what all words have in common: the mean and the main axes. Source: Mu and Viswanath,
    /// "All-but-the-top: simple and effective postprocessing for word representations", ICLR 2018.
    void centre(float *vector) const noexcept;

    /// The rarity of a word by its place among common words, or else here, in whole words of information.
    double rarity(std::string_view word, std::optional<std::uint32_t> place) const noexcept;

    /// A text as the mean of the vectors of its words, common ones counting less, of unit length; nothing if
    /// none of them is known.
    std::optional<std::vector<float>> embed(std::string_view text, Encoding encoding,
                                            Stop stop = Stop{}) const;

  private:
    std::string_view word(std::uint32_t place) const noexcept;

    std::uint32_t dimensions_ = 0;
    std::uint32_t words_ = 0;
    std::uint32_t axes_ = 0;
    const float *mean_ = nullptr;
    const float *axis_ = nullptr;
    const float *scales_ = nullptr;
    const std::uint8_t *lengths_ = nullptr;
    const char *letters_ = nullptr;
    const std::int8_t *rows_ = nullptr;
    const std::uint32_t *starts_ = nullptr; ///< of the letters of each word
    const std::uint32_t *table_ = nullptr;  ///< 1 + the place of a word, by its hash; 0 for none
    std::size_t table_size_ = 0;
};

/// Makes the bytes of WordVectors from words and their vectors, the most common word first.
class WordVectorsBuilder {
  public:
    static constexpr std::size_t most_dimensions = 4096;
    static constexpr std::size_t most_bytes = 256U << 20U;

    /// Keeps so many words at the most.
    explicit WordVectorsBuilder(std::size_t most_words,
                                std::pmr::memory_resource *memory = std::pmr::get_default_resource());

    bool is_full() const noexcept { return scales_.size() >= most_words_; }
    std::size_t words() const noexcept { return scales_.size(); }
    std::size_t dimensions() const noexcept { return dimensions_; }

    /// Takes a word, unless it is not one word in lower case (punctuation, phrases), is there already, or has
    /// no direction. Throws Error(invalid_argument) if it has another number of dimensions than the first
    /// one, or values that are not finite, or if all would be more than most_bytes.
    void add(std::string_view word, std::span<const float> vector);

    /// The bytes. Throws Error(invalid_argument) if there is no word.
    std::pmr::string finish(Stop stop = Stop{});

  private:
    std::size_t most_words_;
    std::size_t dimensions_ = 0;
    std::pmr::vector<float> scales_;
    std::pmr::string lengths_;
    std::pmr::string letters_;
    std::pmr::vector<std::int8_t> rows_;
    std::pmr::vector<std::uint32_t> table_; ///< as in the index
    std::pmr::vector<std::size_t> starts_;
};

} // namespace steward::core
