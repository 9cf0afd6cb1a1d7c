#include "sidecar/http/request_id.hpp"

#include <array>
#include <cstdint>
#include <random>

namespace steward::sidecar::http {

std::string new_request_id() {
    // They tell requests apart, they guard nothing.
    thread_local std::mt19937_64 random{[] {
        std::random_device device;
        return (std::uint64_t{device()} << 32) | device();
    }()};
    std::string id(32, '0');
    std::array<std::uint64_t, 2> const bits{random(), random()};
    for (std::size_t i = 0; i < id.size(); ++i)
        id[i] = "0123456789abcdef"[(bits[i / 16] >> (i % 16 * 4)) & 15];
    return id;
}

} // namespace steward::sidecar::http
