// Hashes of bytes: the same in every process and on every machine, and of no use against who wants two alike.
#pragma once

#include <cstdint>
#include <string_view>

namespace steward::core {

/// Spreads what is in few bits over all. Source: finalizer of MurmurHash3 (Appleby).
inline std::uint64_t mix_hash(std::uint64_t hash) noexcept {
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
    return hash ^ (hash >> 33);
}

/// FNV-1a (Fowler, Noll, Vo), whose bits are mixed at the end: lower ones would hardly depend on the last
/// bytes.
inline std::uint64_t hash_bytes(std::string_view bytes) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (char const byte : bytes)
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    return mix_hash(hash);
}

/// Of two things in their order.
inline std::uint64_t combine_hashes(std::uint64_t first, std::uint64_t second) noexcept {
    return mix_hash(first * 0x9e3779b97f4a7c15 + second);
}

} // namespace steward::core
