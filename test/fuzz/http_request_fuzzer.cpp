// The framing of requests: what it says of a buffer holds for every way in which the bytes may arrive.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/http/framing.hpp"
#include "test/fuzz/input.hpp"

namespace steward::fuzz {
namespace {

using sidecar::http::frame;
using sidecar::http::Framed;
using sidecar::http::Limits;
using sidecar::http::Outcome;

// Small, so that inputs of a thousand bytes reach them.
constexpr Limits limits{512, 128, 64, 8};

bool lies_in(std::string_view part, std::string_view whole) {
    return part.empty() || part == "/" || // what an absolute target without a path stands for
           (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_complete(Framed const &framed, std::string_view input) {
    require(framed.size <= input.size(), "a complete request is longer than what came");
    require(framed.size <= limits.head_bytes * 2 + limits.body_bytes, "a limit was passed");
    require(framed.request.body.size() <= limits.body_bytes, "the body is too long");
    for (std::string_view const part : {framed.request.method, framed.request.target, framed.request.body,
                                        framed.request.content_type, framed.request.request_id})
        require(lies_in(part, input.substr(0, framed.size)), "a part lies outside of the request");
    require(framed.request.target == "*" || framed.request.target.front() == '/', "not an origin form");
    std::string const used = std::string(framed.request.method) + std::string(framed.request.target) +
                             std::string(framed.request.content_type);
    require(used.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a line could be forged");
    // What follows the request does not change it, and neither does its absence.
    require(frame(input.substr(0, framed.size), limits).outcome == Outcome::complete, "the end moved");
    require(framed.size == 0 ||
                frame(input.substr(0, framed.size - 1), limits).outcome == Outcome::incomplete,
            "complete before the last byte");
}

} // namespace
} // namespace steward::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
    using namespace steward::fuzz;
    std::string_view const input(reinterpret_cast<char const *>(data), size);
    Framed const whole = frame(input, limits);
    if (whole.outcome == Outcome::complete)
        check_complete(whole, input);
    // The first answer other than "more" is what a reader acts on; the whole buffer must not say otherwise.
    if (whole.outcome == Outcome::incomplete)
        for (std::size_t end = 0; end < size; ++end)
            require(frame(input.substr(0, end), limits).outcome == Outcome::incomplete,
                    "a part decided more");
    return 0;
}
