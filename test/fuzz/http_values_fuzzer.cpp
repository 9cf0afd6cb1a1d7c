// What clients write into queries, paths, cookies and addresses: parsed twice it is the same, and what is
// accepted is what it says.
#include <cstdlib>
#include <string>

#include "sidecar/api/parameter.hpp"
#include "sidecar/deliver/address_range.hpp"
#include "sidecar/http/framing.hpp"

using namespace steward::sidecar;

namespace {

void require(bool condition) {
    if (!condition)
        std::abort();
}

std::string encoded(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string result;
    for (char const c : text) {
        result += '%';
        result += digits[static_cast<unsigned char>(c) >> 4];
        result += digits[static_cast<unsigned char>(c) & 15];
    }
    return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
    std::string const text(reinterpret_cast<char const *>(data), size);

    std::string again;
    auto const pairs = http::query_pairs(text);
    for (auto const &[name, value] : pairs)
        again += (again.empty() ? "" : "&") + encoded(name) + "=" + encoded(value);
    require(http::query_pairs(again) == pairs);
    require(*http::path_segment_decoded(encoded(text)) == text);
    std::string_view const cookie = http::cookie_value(text, "a");
    require(cookie.find(';') == std::string_view::npos);

    for (auto const kind :
         {api::Kind::text, api::Kind::bigint, api::Kind::integer, api::Kind::number, api::Kind::boolean,
          api::Kind::timestamp, api::Kind::interval, api::Kind::uuid, api::Kind::choice, api::Kind::json}) {
        api::Parameter const parameter{.where = api::Where::query,
                                       .name = "x",
                                       .kind = kind,
                                       .description = "",
                                       .least = -5,
                                       .most = 5000,
                                       .choices = "a bb"};
        auto const complaint = api::complaint_about(parameter, text);
        if (!complaint && kind != api::Kind::text && kind != api::Kind::json)
            require(!text.empty());
        if (!complaint)
            require(text.find('\0') == std::string::npos);
        if (kind == api::Kind::bigint && !complaint)
            require(*api::parse_bigint(text) <= 5000 && *api::parse_bigint(text) >= -5);
    }

    if (auto const range = deliver::parse_range(text)) {
        require(range->bits >= 0 && range->bits <= 128);
        require(deliver::contains(*range, range->start));
        require(deliver::is_listed(range->start, {*range}));
        require(!deliver::is_listed(range->start, {}));
    }
    if (size >= 16) {
        deliver::Address address;
        for (std::size_t i = 0; i < 16; ++i)
            address[i] = data[i];
        // Loopback, private, link-local: whatever the way it is written.
        bool const is_v4 = text.compare(0, 12, std::string(10, '\0') + "\xff\xff") == 0;
        if (is_v4 && (data[12] == 127 || data[12] == 10 || data[12] == 0 || data[12] >= 224))
            require(!deliver::is_public(address));
        if (!is_v4 && (data[0] & 0xe0) != 0x20)
            require(!deliver::is_public(address));
    }
    return 0;
}
