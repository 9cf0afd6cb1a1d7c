// Reads vectors of words from a file, piece by piece.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace steward::core {

/// Takes the bytes of a file in pieces of any size, and passes on each word with its vector. Two formats,
/// known by the first sign: lines `word number number ...` (GloVe; the first line of word2vec, two numbers,
/// is left out), or a JSON object whose member "vectors" has an array of numbers for each word (winkNLP's
/// packages), of which so many count as the member "dimensions" before it says, or all.
class VectorsReader {
  public:
    /// Returns false once it wants no more.
    using Take = std::function<bool(std::string_view word, std::span<const float> vector)>;

    explicit VectorsReader(Take take) : take_(std::move(take)) {}

    /// False once no more is wanted. Throws Error(invalid_argument), with the number of the line, on what is
    /// in neither format, and what `take` throws.
    bool feed(std::string_view bytes);
    /// At the end of the file.
    void finish();

  private:
    enum class Format { unknown, lines, json };
    enum class Token { none, text, escape, unicode, scalar };

    static constexpr std::size_t longest = 1U << 20U; // of a line, or of one value

    void feed_line(std::string_view line);
    void feed_char(char c);
    void inside_text(char c);
    void structure(char c);
    void end_text();
    void end_scalar();
    void end_value();
    void append_unicode();
    bool in_vectors() const noexcept { return depth_ >= 2 && section_ == "vectors"; }
    [[noreturn]] void refuse(const char *why) const;

    Take take_;
    Format format_ = Format::unknown;
    bool wanted_ = true;
    std::size_t line_ = 1;
    std::string rest_; ///< of a line that has not ended, or of a value
    std::vector<float> vector_;

    // JSON.
    Token token_ = Token::none;
    std::string digits_;     ///< of \uXXXX
    char16_t surrogate_ = 0; ///< the first half of a pair
    int depth_ = 0;
    bool expects_key_ = false;
    std::vector<bool> is_object_; ///< of the values around
    std::string section_;         ///< the member of the outermost object
    std::string key_;             ///< of the object inside
    std::size_t dimensions_ = 0;
};

} // namespace steward::core
