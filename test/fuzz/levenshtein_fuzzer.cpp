// The bit-parallel edit distance against the definition.
//
// Input: an option digit, one text, a line feed, the other text. Options: 1 both texts are repeated until
// they are longer than one strip of 512 characters, 2 single-byte texts (else UTF-8), 4 the second text is
// the first one reversed and then itself, so that lengths differ.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/text/levenshtein.hpp"
#include "test/fuzz/input.hpp"
#include "test/oracle/edit_distance.hpp"

namespace steward::fuzz {
namespace {

// The definition takes time by the product of both, so only option 1 goes beyond one strip.
constexpr std::size_t longest_text = 200;
constexpr std::size_t beyond_a_strip_a = 600;
constexpr std::size_t beyond_a_strip_b = 530;

/// Repeats `piece` and cuts the last one off anywhere: texts need not be well-formed.
std::string long_text(std::string_view piece, std::size_t bytes) {
    std::string text;
    while (!piece.empty() && text.size() < bytes)
        text += piece;
    text.resize(std::min(text.size(), bytes));
    return text;
}

/// Ends the run if memory is asked for and not given back.
class CheckedMemory final : public std::pmr::memory_resource {
  public:
    ~CheckedMemory() override { require(bytes_out_ == 0, "memory was not given back"); }

  private:
    void *do_allocate(std::size_t bytes, std::size_t alignment) override {
        bytes_out_ += bytes;
        return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void *place, std::size_t bytes, std::size_t alignment) override {
        bytes_out_ -= bytes;
        std::pmr::new_delete_resource()->deallocate(place, bytes, alignment);
    }
    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override {
        return this == &other;
    }

    std::size_t bytes_out_ = 0;
};

void compare(std::string_view a, std::string_view b, core::Encoding encoding) {
    CheckedMemory memory;
    std::int64_t const expected = oracle::edit_distance(a, b, encoding);
    require(core::levenshtein(a, b, encoding, core::Stop{}, &memory) == expected, "distances differ");
    require(core::levenshtein(b, a, encoding, core::Stop{}, &memory) == expected, "order matters");
}

} // namespace
} // namespace steward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    namespace fuzz = steward::fuzz;
    namespace core = steward::core;
    fuzz::Input const input = fuzz::split(data, size);
    std::string a(input.before.substr(0, fuzz::longest_text));
    std::string b(input.behind.substr(0, fuzz::longest_text));
    if ((input.options & 4U) != 0)
        b = (std::string(a.rbegin(), a.rend()) + b).substr(0, fuzz::longest_text);
    if ((input.options & 1U) != 0) {
        a = fuzz::long_text(a, fuzz::beyond_a_strip_a);
        b = fuzz::long_text(b, fuzz::beyond_a_strip_b);
    }
    fuzz::compare(a, b, (input.options & 2U) != 0 ? core::Encoding::single_byte : core::Encoding::utf8);
    return 0;
}
